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
double tarAt1Of(const FoldResult& fold) { return fold.tarAt1; }
double tarAt01Of(const FoldResult& fold) { return fold.tarAt01; }
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
    fold.tarAt1 = acceptedAt(scores, 0.01);
    fold.tarAt01 = acceptedAt(scores, 0.001);
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
                                   {"tar_at_far_1_percent", fold.tarAt1},
                                   {"tar_at_far_0.1_percent", fold.tarAt01},
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
    put("tar_at_far_1_percent", tarAt1Of);
    put("tar_at_far_0.1_percent", tarAt01Of);
    put("accuracy_best_threshold", bestOf);
    return report;
}

std::string tableProtocol(const std::string& protocol, const std::vector<FoldResult>& folds) {
    char line[300];
    std::string table =
        protocol + "   fold   pairs  accuracy  (at)      best acc. (at)        AUC     EER  TAR@1%  @0.1%  no face\n";
    for (const FoldResult& f : folds) {
        std::snprintf(line, sizeof(line),
                      "%9d %7zu  %7.2f%%  (%6.3f)  %7.2f%%  (%6.3f)  %6.4f %6.2f%% %6.2f%% %5.1f%%  %zu\n", f.number,
                      f.pairs, 100 * f.accuracy, f.threshold, 100 * f.best.accuracy, f.best.threshold, f.auc,
                      100 * f.eer, 100 * f.tarAt1, 100 * f.tarAt01, f.facesNotFound);
        table += line;
    }
    const MeanDeviation a = over(folds, accuracyOf);
    const MeanDeviation b = over(folds, bestOf);
    const MeanDeviation u = over(folds, aucOf);
    const MeanDeviation e = over(folds, eerOf);
    const MeanDeviation t = over(folds, tarAt1Of);
    const MeanDeviation tt = over(folds, tarAt01Of);
    std::snprintf(line, sizeof(line),
                  "     mean  accuracy %.2f%% +- %.2f, at the best threshold %.2f%% +- %.2f, AUC %.4f +- %.4f, "
                  "EER %.2f%% +- %.2f, TAR at FAR 1%% %.2f%% +- %.2f, at 0.1%% %.2f%% +- %.2f\n",
                  100 * a.mean, 100 * a.deviation, 100 * b.mean, 100 * b.deviation, u.mean, u.deviation, 100 * e.mean,
                  100 * e.deviation, 100 * t.mean, 100 * t.deviation, 100 * tt.mean, 100 * tt.deviation);
    return table + line;
}

}  // namespace drgan::eval
