// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "metrics/metrics.hpp"

namespace drgan::eval {

/// The measures of one fold.
struct FoldResult {
    int number = 0;
    size_t pairs = 0;
    size_t facesNotFound = 0;  ///< pictures
    double threshold = 0;      ///< that accuracy is at
    double accuracy = 0;
    double auc = 0;
    double eer = 0;
    double tarAt1 = 0;                ///< pairs of one person accepted where 1 % of those of two people are
    double tarAt01 = 0;               ///< the same at 0.1 %
    Operating best;                   ///< on this fold itself
    std::optional<Operating> others;  ///< threshold best on the other folds, accuracy here; absent for a lone fold
};

/// @param threshold NaN: the fold's best
FoldResult measureFold(int number, const PairScores& scores, double threshold, size_t facesNotFound);

/// What each fold's scores give, with thresholds from the other folds where there are several.
/// @param threshold NaN: each fold's best
std::vector<FoldResult> measureFolds(const std::vector<int>& numbers, const std::vector<PairScores>& scores,
                                     double threshold, const std::vector<size_t>& facesNotFound);

/// A protocol's results as JSON: means over the folds under "accuracy", "auc", "eer",
/// "tar_at_far_1_percent", "tar_at_far_0.1_percent", "accuracy_best_threshold" and, for several folds,
/// "accuracy_other_folds_threshold",
/// their standard deviations under "deviation", sums under "pairs" and "faces_not_found", each fold under "folds".
nlohmann::json reportProtocol(const std::vector<FoldResult>& folds);

/// The same as a table for people.
std::string tableProtocol(const std::string& protocol, const std::vector<FoldResult>& folds);

}  // namespace drgan::eval
