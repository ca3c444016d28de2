// SPDX-License-Identifier: Apache-2.0

#include "report.hpp"

#include <cmath>
#include <cstdio>

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
double bestOf(const FoldResult& fold) { return fold.best.accuracy; }

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
    return fold;
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
                                   {"best_threshold", fold.best.threshold},
                                   {"accuracy_best_threshold", fold.best.accuracy}});
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
    put("accuracy_best_threshold", bestOf);
    return report;
}

std::string tableProtocol(const std::string& protocol, const std::vector<FoldResult>& folds) {
    char line[200];
    std::string table = protocol + "   fold   pairs  accuracy  (at)      best acc. (at)        AUC     EER  no face\n";
    for (const FoldResult& f : folds) {
        std::snprintf(line, sizeof(line), "%9d %7zu  %7.2f%%  (%6.3f)  %7.2f%%  (%6.3f)  %6.4f %6.2f%%  %zu\n",
                      f.number, f.pairs, 100 * f.accuracy, f.threshold, 100 * f.best.accuracy, f.best.threshold, f.auc,
                      100 * f.eer, f.facesNotFound);
        table += line;
    }
    const MeanDeviation a = over(folds, accuracyOf);
    const MeanDeviation b = over(folds, bestOf);
    const MeanDeviation u = over(folds, aucOf);
    const MeanDeviation e = over(folds, eerOf);
    std::snprintf(line, sizeof(line),
                  "     mean  accuracy %.2f%% +- %.2f, at the best threshold %.2f%% +- %.2f, AUC %.4f +- %.4f, "
                  "EER %.2f%% +- %.2f\n",
                  100 * a.mean, 100 * a.deviation, 100 * b.mean, 100 * b.deviation, u.mean, u.deviation, 100 * e.mean,
                  100 * e.deviation);
    return table + line;
}

}  // namespace drgan::eval
