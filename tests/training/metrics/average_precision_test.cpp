// SPDX-License-Identifier: Apache-2.0
#include "metrics/average_precision.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace drgan {
namespace {

ScoredBox box(double x, double side, double score = 1) { return {x, 10, side, side, score}; }

TEST(AveragePrecision, IsTheAreaUnderTheFallingPrecision) {
    // right, wrong, right of three faces: precision 1, 1/2, 2/3 at recall 1/3, 1/3, 2/3
    const std::vector<std::vector<ScoredBox>> truth{{box(0, 40), box(100, 40)}, {box(0, 40)}};
    const std::vector<std::vector<ScoredBox>> found{{box(2, 40, 0.9), box(300, 40, 0.8)}, {box(0, 40, 0.5)}};
    EXPECT_NEAR(averagePrecision(found, truth, {}), (1 + 2. / 3) / 3, 1e-12);
    EXPECT_NEAR(averagePrecision(truth, truth, {}), 1, 1e-12);
    EXPECT_EQ(averagePrecision({{}, {}}, truth, {}), 0);
    // A wrong detection of a low score costs nothing that was found before.
    std::vector<std::vector<ScoredBox>> more = truth;
    more[1].push_back(box(200, 40, 0.1));
    EXPECT_NEAR(averagePrecision(more, truth, {}), 1, 1e-12);
}

TEST(AveragePrecision, AFaceIsFoundOnce) {
    const std::vector<std::vector<ScoredBox>> truth{{box(0, 40), box(100, 40)}};
    EXPECT_NEAR(averagePrecision({{box(0, 40, 0.9), box(1, 40, 0.8), box(100, 40, 0.7)}}, truth, {}), (1 + 2. / 3) / 2,
                1e-12);
}

TEST(AveragePrecision, LooseBoxesCountAtALowerOverlap) {
    const std::vector<std::vector<ScoredBox>> truth{{box(0, 40)}}, loose{{{0, 10, 60, 60, 0.9}}};  // IoU 0.44
    EXPECT_EQ(averagePrecision(loose, truth, {}), 0);
    EXPECT_EQ(averagePrecision(loose, truth, {}, 0.3), 1);
}

TEST(AveragePrecision, OtherSizesNeitherHelpNorHurt) {
    const std::vector<std::vector<ScoredBox>> truth{{box(0, 10), box(100, 40)}};
    const std::vector<std::vector<ScoredBox>> found{
        {box(0, 10, 0.9), box(300, 8, 0.9), box(200, 14, 0.8), box(100, 40, 0.7)}};
    EXPECT_EQ(averagePrecision(found, truth, {24, 1e9}), 1);
    EXPECT_EQ(averagePrecision(found, truth, {12, 1e9}), 0.5);  // the one of 14 is in the range
    EXPECT_TRUE(std::isnan(averagePrecision(found, truth, {48, 1e9})));
}

TEST(AveragePrecision, WantsAsManyPicturesOfBoth) {
    EXPECT_THROW(averagePrecision({{}}, {{}, {}}, {}), std::invalid_argument);
}

}  // namespace
}  // namespace drgan
