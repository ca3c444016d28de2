// SPDX-License-Identifier: Apache-2.0
//
// Measures of face verification, as pure functions of similarity scores: higher means more alike, and a pair counts as
// one person if its score is at or above the threshold.

#pragma once

#include <vector>

namespace drgan::eval {

/// Scores of pairs whose answer is known.
struct PairScores {
    std::vector<float> same;       ///< of pairs of one person
    std::vector<float> different;  ///< of pairs of two people
};

/// A threshold and the share of pairs that it judges rightly.
struct Operating {
    double threshold = 0;
    double accuracy = 0;  ///< in [0, 1]
};

/// Mean and sample standard deviation (n - 1; 0 for one value).
struct MeanDeviation {
    double mean = 0;
    double deviation = 0;
};

/// All of them throw std::runtime_error if there are no pairs of one of the kinds, or a score is not finite.

/// Share of the pairs that the threshold judges rightly, in [0, 1].
double accuracy(const PairScores& scores, double threshold);

/// The threshold with the highest accuracy, in the middle between the two scores that it parts; the lowest such one.
Operating bestOperating(const PairScores& scores);

/// Area under the ROC curve: the chance that a pair of one person scores above one of two people; ties count half.
double areaUnderRoc(const PairScores& scores);

/// The error rate where as many pairs of two people are accepted as pairs of one person are refused (shares), linear
/// between the ROC curve's points.
double equalErrorRate(const PairScores& scores);

/// Share of the pairs of one person that are accepted at the lowest threshold that accepts at most the share
/// `falseAccepts` of the pairs of two people: "TAR at FAR".
double acceptedAt(const PairScores& scores, double falseAccepts);

/// @throws std::runtime_error without values
MeanDeviation meanDeviation(const std::vector<double>& values);

}  // namespace drgan::eval
