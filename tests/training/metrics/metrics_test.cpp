// SPDX-License-Identifier: Apache-2.0
//
// The expected numbers were calculated by hand from the definitions.

#include "metrics/metrics.hpp"

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
    // Ascending (s: same person, d: different): d .1, s .2, d .3, s .4, d .5, s .6, s .7, d .8.
    const PairScores scores{{0.2F, 0.4F, 0.6F, 0.7F}, {0.1F, 0.3F, 0.5F, 0.8F}};
    // The same pairs score above 1, 2, 3 and 3 of the four different ones: 9 of 16.
    EXPECT_DOUBLE_EQ(areaUnderRoc(scores), 9.0 / 16);
    // Above .1, all four same pairs pass and one of four different ones is refused; no threshold does better.
    EXPECT_DOUBLE_EQ(bestOperating(scores).accuracy, 5.0 / 8);
    // A pair at the threshold is accepted: at .4, three of four same pairs pass and two of four different ones are
    // refused.
    EXPECT_DOUBLE_EQ(accuracy(scores, 0.4F), 5.0 / 8);
    EXPECT_DOUBLE_EQ(accuracy(scores, 0), 4.0 / 8);
    EXPECT_DOUBLE_EQ(accuracy(scores, 2), 4.0 / 8);
    // Above .4, two of four same pairs are refused and two of four different ones are accepted.
    EXPECT_DOUBLE_EQ(equalErrorRate(scores), 0.5);
}

TEST(Metrics, EqualErrorRateBetweenTwoPoints) {
    // (Refused same, accepted different): (0, 1/2) above .1; (1/3, 1/2) above .2; (1/3, 0) above .3. Equal between the
    // last two: 1/3.
    EXPECT_DOUBLE_EQ(equalErrorRate({{0.2F, 0.4F, 0.5F}, {0.1F, 0.3F}}), 1.0 / 3);
    // One score for all pairs: the line from (0, 1) to (1, 0).
    EXPECT_DOUBLE_EQ(equalErrorRate({{0.5F, 0.5F}, {0.5F}}), 0.5);
}

TEST(Metrics, TiesCountHalf) {
    EXPECT_DOUBLE_EQ(areaUnderRoc({{0.5F, 0.5F}, {0.5F}}), 0.5);
    EXPECT_DOUBLE_EQ(areaUnderRoc({{0.5F, 0.9F}, {0.5F, 0.1F}}), (0.5 + 1 + 1 + 1) / 4);
}

TEST(Metrics, AcceptedAtAShareOfFalseAccepts) {
    // The different pairs, descending: .8 .5 .3 .1. A quarter may pass, so the threshold is just above .5.
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

TEST(Metrics, BothKindsCountAlikeInTheBalancedAccuracy) {
    // Ten different pairs and one same pair below three of them: refusing all is right for 10 of 11 pairs.
    const PairScores scores{{0.65F}, {0.1F, 0.1F, 0.1F, 0.2F, 0.2F, 0.3F, 0.4F, 0.7F, 0.8F, 0.9F}};
    EXPECT_DOUBLE_EQ(bestOperating(scores).accuracy, 10.0 / 11);
    const Operating best = bestBalanced(scores);  // right for all same pairs and for 7 of 10 different ones
    EXPECT_DOUBLE_EQ(best.accuracy, (1 + 0.7) / 2);
    EXPECT_NEAR(best.threshold, (0.4 + 0.65) / 2, 1e-6);
}

TEST(Metrics, RocOfFewPairs) {
    // Descending: s .9, d .8, s and d .5, s .2.
    const std::vector<RocPoint> curve = rocCurve({{0.9F, 0.5F, 0.2F}, {0.8F, 0.5F}});
    const std::vector<std::pair<double, double>> expected = {
        {0, 0}, {0, 1.0 / 3}, {0.5, 1.0 / 3}, {1, 2.0 / 3}, {1, 1}};
    ASSERT_EQ(curve.size(), expected.size());
    for (size_t i = 0; i < curve.size(); ++i) {
        EXPECT_DOUBLE_EQ(curve[i].falseAccepts, expected[i].first) << i;
        EXPECT_DOUBLE_EQ(curve[i].trueAccepts, expected[i].second) << i;
    }
}

TEST(Metrics, RocNeverFallsAndHoldsTheArea) {
    std::mt19937 random(5);
    std::normal_distribution<float> noise(0, 0.2F);
    PairScores scores;
    for (int i = 0; i < 200; ++i) {
        scores.same.push_back(std::round((0.3F + noise(random)) * 50) / 50);  // rounding makes many ties
        scores.different.push_back(std::round(noise(random) * 50) / 50);
    }
    const std::vector<RocPoint> curve = rocCurve(scores);
    double area = 0;
    for (size_t i = 1; i < curve.size(); ++i) {
        const double wide = curve[i].falseAccepts - curve[i - 1].falseAccepts;
        EXPECT_GE(wide, 0);
        EXPECT_GE(curve[i].trueAccepts, curve[i - 1].trueAccepts);
        area += wide * (curve[i].trueAccepts + curve[i - 1].trueAccepts) / 2;
    }
    EXPECT_DOUBLE_EQ(curve.back().falseAccepts, 1);
    EXPECT_DOUBLE_EQ(curve.back().trueAccepts, 1);
    EXPECT_NEAR(area, areaUnderRoc(scores), 1e-12);
}

TEST(Metrics, ThresholdsFromOtherFolds) {
    // The first fold alone would be separated at .5, the others at .25 (pooled: between .2 and .3).
    const std::vector<PairScores> folds = {
        {{0.6F, 0.7F}, {0.3F, 0.4F}}, {{0.3F, 0.9F}, {0.2F, 0.1F}}, {{0.35F, 0.8F}, {0.15F, 0.05F}}};
    const std::vector<Operating> others = thresholdsFromOthers(folds);
    ASSERT_EQ(others.size(), 3U);
    EXPECT_NEAR(others[0].threshold, 0.25, 1e-6);
    EXPECT_DOUBLE_EQ(others[0].accuracy, 0.5);  // at .25 the fold's different pairs pass, too
    // Folds 1 and 3: d .3 and .4 around s .35. The minimum is one error, reached above .4 and at .325: the lower
    // threshold counts.
    EXPECT_NEAR(others[1].threshold, (0.3 + 0.35) / 2, 1e-6);
    EXPECT_DOUBLE_EQ(others[1].accuracy, 0.75);  // s .3 is refused
    EXPECT_THROW(thresholdsFromOthers({folds[0]}), std::runtime_error);
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
    EXPECT_FALSE(report.contains("accuracy_other_folds_threshold"));  // not requested
    // Without a threshold, accuracy is the best accuracy.
    const FoldResult best = measureFold(1, mixed, NAN, 0);
    EXPECT_DOUBLE_EQ(best.accuracy, best.best.accuracy);
}

TEST(Report, ThresholdsOfOtherFoldsNeedSeveral) {
    const PairScores high{{0.9F, 0.8F}, {0.5F, 0.6F}};
    const PairScores low{{0.5F, 0.4F}, {0.1F, 0.2F}};
    const std::vector<FoldResult> two = measureFolds({1, 2}, {high, low}, 0.26, {0, 0});
    const nlohmann::json report = reportProtocol(two);
    // .3 accepts all pairs of the first fold, .7 none of the second: half are right in both.
    EXPECT_DOUBLE_EQ(report.at("accuracy_other_folds_threshold"), 0.5);
    EXPECT_NEAR(report.at("folds")[0].at("other_folds_threshold").get<double>(), 0.3, 1e-6);
    EXPECT_NEAR(report.at("folds")[1].at("other_folds_threshold").get<double>(), 0.7, 1e-6);
    EXPECT_DOUBLE_EQ(report.at("accuracy_best_threshold"), 1);
    EXPECT_DOUBLE_EQ(report.at("folds")[0].at("threshold"), 0.26);
    EXPECT_NE(tableProtocol("FF", two).find("from others"), std::string::npos);

    const std::vector<FoldResult> one = measureFolds({8}, {high}, 0.26, {0});
    EXPECT_FALSE(reportProtocol(one).contains("accuracy_other_folds_threshold"));
    EXPECT_EQ(tableProtocol("FF", one).find("others"), std::string::npos);
}

}  // namespace
}  // namespace drgan::eval
