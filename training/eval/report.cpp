// SPDX-License-Identifier: Apache-2.0

#include "report.hpp"

#include <spdlog/fmt/fmt.h>

#include <cmath>

namespace drgan::eval {

namespace {

MeanDeviation over(const std::vector<FoldResult>& folds, double (*value)(const FoldResult&)) {
    std::vector<double> values;
    for (const FoldResult& fold : folds) {
        values.push_back(value(fold));
    }
    return meanDeviation(values);
}

double accuracyOf(const FoldResult& fold) { return fold.accuracy; }
double aucOf(const FoldResult& fold) { return fold.auc; }
double eerOf(const FoldResult& fold) { return fold.eer; }
double tarAt1Of(const FoldResult& fold) { return fold.tarAt1; }
double tarAt01Of(const FoldResult& fold) { return fold.tarAt01; }
double bestOf(const FoldResult& fold) { return fold.best.accuracy; }
double othersOf(const FoldResult& fold) { return fold.others.value().accuracy; }

bool haveOthers(const std::vector<FoldResult>& folds) { return !folds.empty() && folds.front().others.has_value(); }

}  // namespace

FoldResult measureFold(int number, const PairScores& scores, double threshold, size_t facesNotFound) {
    FoldResult fold;
    fold.number = number;
    fold.pairs = scores.same.size() + scores.different.size();
    fold.facesNotFound = facesNotFound;
    fold.best = bestOperating(scores);
    fold.threshold = std::isnan(threshold) ? fold.best.threshold : threshold;
    fold.accuracy = accuracy(scores, fold.threshold);
    fold.auc = areaUnderRoc(scores);
    fold.eer = equalErrorRate(scores);
    fold.tarAt1 = acceptedAt(scores, 0.01);
    fold.tarAt01 = acceptedAt(scores, 0.001);
    return fold;
}

std::vector<FoldResult> measureFolds(const std::vector<int>& numbers, const std::vector<PairScores>& scores,
                                     double threshold, const std::vector<size_t>& facesNotFound) {
    std::vector<FoldResult> folds;
    for (size_t i = 0; i < scores.size(); ++i) {
        folds.push_back(measureFold(numbers.at(i), scores[i], threshold, facesNotFound.at(i)));
    }
    if (folds.size() > 1) {
        const std::vector<Operating> others = thresholdsFromOthers(scores);
        for (size_t i = 0; i < folds.size(); ++i) {
            folds[i].others = others[i];
        }
    }
    return folds;
}

nlohmann::json reportProtocol(const std::vector<FoldResult>& folds) {
    nlohmann::json report;
    size_t pairs = 0;
    size_t facesNotFound = 0;
    report["folds"] = nlohmann::json::array();
    for (const FoldResult& fold : folds) {
        report["folds"].push_back({{"fold", fold.number},
                                   {"pairs", fold.pairs},
                                   {"faces_not_found", fold.facesNotFound},
                                   {"threshold", fold.threshold},
                                   {"accuracy", fold.accuracy},
                                   {"auc", fold.auc},
                                   {"eer", fold.eer},
                                   {"tar_at_far_1_percent", fold.tarAt1},
                                   {"tar_at_far_0.1_percent", fold.tarAt01},
                                   {"best_threshold", fold.best.threshold},
                                   {"accuracy_best_threshold", fold.best.accuracy}});
        if (fold.others) {
            report["folds"].back()["other_folds_threshold"] = fold.others->threshold;
            report["folds"].back()["accuracy_other_folds_threshold"] = fold.others->accuracy;
        }
        pairs += fold.pairs;
        facesNotFound += fold.facesNotFound;
    }
    report["pairs"] = pairs;
    report["faces_not_found"] = facesNotFound;
    const auto put = [&](const char* key, double (*value)(const FoldResult&)) {
        const MeanDeviation m = over(folds, value);
        report[key] = m.mean;
        report["deviation"][key] = m.deviation;
    };
    put("accuracy", accuracyOf);
    put("auc", aucOf);
    put("eer", eerOf);
    put("tar_at_far_1_percent", tarAt1Of);
    put("tar_at_far_0.1_percent", tarAt01Of);
    put("accuracy_best_threshold", bestOf);
    if (haveOthers(folds)) {
        put("accuracy_other_folds_threshold", othersOf);
    }
    return report;
}

std::string tableProtocol(const std::string& protocol, const std::vector<FoldResult>& folds) {
    const bool several = haveOthers(folds);
    std::string table = fmt::format(
        "{}   fold   pairs  accuracy  (at)      {}best acc. (at)        AUC     EER  "
        "TAR@1%  @0.1%  no face\n",
        protocol, several ? "from others (at)    " : "");
    for (const FoldResult& f : folds) {
        table += fmt::format("{:9} {:7}  {:7.2f}%  ({:6.3f})  ", f.number, f.pairs, 100 * f.accuracy, f.threshold);
        if (several) {
            table += fmt::format("{:7.2f}%  ({:6.3f})  ", 100 * f.others->accuracy, f.others->threshold);
        }
        table += fmt::format("{:7.2f}%  ({:6.3f})  {:6.4f} {:6.2f}% {:6.2f}% {:5.1f}%  {}\n", 100 * f.best.accuracy,
                             f.best.threshold, f.auc, 100 * f.eer, 100 * f.tarAt1, 100 * f.tarAt01, f.facesNotFound);
    }
    const auto percent = [&](double (*value)(const FoldResult&)) {
        const MeanDeviation m = over(folds, value);
        return fmt::format("{:.2f}% +- {:.2f}", 100 * m.mean, 100 * m.deviation);
    };
    const MeanDeviation auc = over(folds, aucOf);
    table += fmt::format(
        "     mean  accuracy {}, {}at the best threshold {}, AUC {:.4f} +- {:.4f}, EER {}, "
        "TAR at FAR 1% {}, at 0.1% {}\n",
        percent(accuracyOf), several ? "at the threshold of the other folds " + percent(othersOf) + ", " : "",
        percent(bestOf), auc.mean, auc.deviation, percent(eerOf), percent(tarAt1Of), percent(tarAt01Of));
    return table;
}

}  // namespace drgan::eval
