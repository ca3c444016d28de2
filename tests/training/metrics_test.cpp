// SPDX-License-Identifier: Apache-2.0
//
// The expected numbers were worked out by hand from the definitions.

#include "eval/metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <stdexcept>

#include "eval/report.hpp"

namespace drgan::eval {
namespace {

TEST(Metrics, OfSeparablePairs) {
    const PairScores scores{{0.9F, 0.8F, 0.7F}, {0.1F, 0.2F, 0.3F}};
    EXPECT_DOUBLE_EQ(areaUnderRoc(scores), 1);
    EXPECT_DOUBLE_EQ(equalErrorRate(scores), 0);
    const Operating best = bestOperating(scores);
    EXPECT_DOUBLE_EQ(best.accuracy, 1);
    EXPECT_NEAR(best.threshold, 0.5, 1e-6);
}

TEST(Metrics, OfOverlappingPairs) {
    // Ascending: d .1, s .2, d .3, s .4, d .5, s .6, s .7, d .8.
    const PairScores scores{{0.2F, 0.4F, 0.6F, 0.7F}, {0.1F, 0.3F, 0.5F, 0.8F}};
    // Each same pair beats 1, 2, 3, 3 of the four: 9 of 16.
    EXPECT_DOUBLE_EQ(areaUnderRoc(scores), 9.0 / 16);
    // Above .1 all four same pass and one of four different is refused; no threshold does better.
    EXPECT_DOUBLE_EQ(bestOperating(scores).accuracy, 5.0 / 8);
    // A pair at the threshold is accepted: at .4 three of four same pass, two of four different are refused.
    EXPECT_DOUBLE_EQ(accuracy(scores, 0.4F), 5.0 / 8);
    EXPECT_DOUBLE_EQ(accuracy(scores, 0), 4.0 / 8);
    EXPECT_DOUBLE_EQ(accuracy(scores, 2), 4.0 / 8);
    // Above .4 two of four same are refused and two of four different are accepted.
    EXPECT_DOUBLE_EQ(equalErrorRate(scores), 0.5);
}

TEST(Metrics, EqualErrorRateBetweenTwoPoints) {
    // Refused/accepted: (0, 1/2) above .1; (1/3, 1/2) above .2; (1/3, 0) above .3. Equal between the last two: 1/3.
    EXPECT_DOUBLE_EQ(equalErrorRate({{0.2F, 0.4F, 0.5F}, {0.1F, 0.3F}}), 1.0 / 3);
    // One score for all pairs: the line from (0, 1) to (1, 0).
    EXPECT_DOUBLE_EQ(equalErrorRate({{0.5F, 0.5F}, {0.5F}}), 0.5);
}

TEST(Metrics, TiesCountHalf) {
    EXPECT_DOUBLE_EQ(areaUnderRoc({{0.5F, 0.5F}, {0.5F}}), 0.5);
    EXPECT_DOUBLE_EQ(areaUnderRoc({{0.5F, 0.9F}, {0.5F, 0.1F}}), (0.5 + 1 + 1 + 1) / 4);
}

TEST(Metrics, AcceptedAtAShareOfFalseAccepts) {
    // Two people's pairs, descending: .8 .5 .3 .1; a quarter may pass, so the threshold lies just above .5.
    const PairScores scores{{0.2F, 0.5F, 0.6F, 0.9F}, {0.1F, 0.3F, 0.5F, 0.8F}};
    EXPECT_DOUBLE_EQ(acceptedAt(scores, 0.25), 2.0 / 4);
    EXPECT_DOUBLE_EQ(acceptedAt(scores, 0), 1.0 / 4);
    EXPECT_DOUBLE_EQ(acceptedAt(scores, 0.2), 1.0 / 4);  // less than one pair: none
    EXPECT_DOUBLE_EQ(acceptedAt(scores, 1), 1);
}

TEST(Metrics, WorseThanChance) {
    const PairScores scores{{0.1F, 0.2F}, {0.8F, 0.9F}};
    EXPECT_DOUBLE_EQ(areaUnderRoc(scores), 0);
    EXPECT_DOUBLE_EQ(equalErrorRate(scores), 1);
    EXPECT_DOUBLE_EQ(bestOperating(scores).accuracy, 0.5);
}

TEST(Metrics, BestThresholdGivesItsAccuracy) {
    std::mt19937 random(3);
    std::normal_distribution<float> noise(0, 0.2F);
    for (int round = 0; round < 50; ++round) {
        PairScores scores;
        for (int i = 0; i < 40; ++i) {
            scores.same.push_back(0.4F + noise(random));
            scores.different.push_back(noise(random));
        }
        const Operating best = bestOperating(scores);
        EXPECT_DOUBLE_EQ(accuracy(scores, best.threshold), best.accuracy);
        for (double t = -1; t < 1.5; t += 0.01) {
            EXPECT_LE(accuracy(scores, t), best.accuracy);
        }
    }
}

TEST(Metrics, OfNothingIsAnError) {
    EXPECT_THROW(areaUnderRoc({{}, {0.5F}}), std::runtime_error);
    EXPECT_THROW(equalErrorRate({{0.5F}, {}}), std::runtime_error);
    EXPECT_THROW(accuracy({{NAN}, {0.5F}}, 0), std::runtime_error);
    EXPECT_THROW(meanDeviation({}), std::runtime_error);
}

TEST(Metrics, MeanAndDeviation) {
    const MeanDeviation m = meanDeviation({2, 4, 4, 4, 5, 5, 7, 9});
    EXPECT_DOUBLE_EQ(m.mean, 5);
    EXPECT_NEAR(m.deviation, 2.13808993529939, 1e-12);  // sqrt(32 / 7)
    EXPECT_DOUBLE_EQ(meanDeviation({3}).deviation, 0);
}

TEST(Report, HoldsMeansOverFoldsAndSumsOfCounts) {
    const PairScores good{{0.9F, 0.8F}, {0.1F, 0.2F}};
    const PairScores mixed{{0.9F, 0.1F}, {0.2F, 0.8F}};
    const std::vector<FoldResult> folds = {measureFold(7, good, 0.5, 1), measureFold(8, mixed, 0.5, 2)};
    const nlohmann::json report = reportProtocol(folds);
    EXPECT_DOUBLE_EQ(report["accuracy"], 0.75);
    EXPECT_NEAR(report["deviation"]["accuracy"].get<double>(), std::sqrt(0.125), 1e-12);
    EXPECT_DOUBLE_EQ(report["auc"], (1 + 0.5) / 2);
    EXPECT_DOUBLE_EQ(report["accuracy_best_threshold"], (1 + 0.75) / 2);
    EXPECT_EQ(report["pairs"], 8);
    EXPECT_EQ(report["faces_not_found"], 3);
    EXPECT_EQ(report["folds"][1]["fold"], 8);
    EXPECT_DOUBLE_EQ(report["folds"][0]["threshold"], 0.5);
    // Without a threshold, accuracy is the best one.
    const FoldResult best = measureFold(1, mixed, NAN, 0);
    EXPECT_DOUBLE_EQ(best.accuracy, best.best.accuracy);
}

}  // namespace
}  // namespace drgan::eval
