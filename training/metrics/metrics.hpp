// SPDX-License-Identifier: Apache-2.0
//
// Measures of face verification, as pure functions of similarity scores: higher means more alike, and a pair counts as
// one person if its score is at or above the threshold.

#pragma once

#include <vector>

namespace drgan {

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

/// The same with both kinds of pairs counted alike, however many there are of each: the accuracy is the mean of the
/// shares of both kinds that are judged rightly.
Operating bestBalanced(const PairScores& scores);

/// One threshold of the ROC curve, as shares in [0, 1].
struct RocPoint {
    double falseAccepts = 0;  ///< FAR: pairs of two people that are accepted
    double trueAccepts = 0;   ///< TAR: pairs of one person that are accepted
};

/// The ROC curve from (0, 0), nothing accepted, to (1, 1): one point for each score that occurs, none of them falling.
std::vector<RocPoint> rocCurve(const PairScores& scores);

/// Both kinds of pairs of several folds together.
PairScores joined(const std::vector<PairScores>& folds);

/// For each fold the best threshold of all other folds together, with its accuracy on the fold: what a threshold gives
/// on people that it was not chosen on. @throws std::runtime_error for fewer than two folds
std::vector<Operating> thresholdsFromOthers(const std::vector<PairScores>& folds);

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

}  // namespace drgan
