// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include <opencv2/drgan.hpp>

#include "expect_error.hpp"

using cv::drgan::Thresholds;
using drgan_test::expectError;

namespace {

Thresholds measured(const std::vector<double>& rates = {1e-1, 1e-2, 1e-3},
                    const std::vector<float>& cosines = {0.25f, 0.375f, 0.4375f}) {
    Thresholds thresholds;
    thresholds.rates = rates;
    thresholds.cosines = cosines;
    return thresholds;
}

void expectRefused(const std::vector<double>& rates, const std::vector<float>& cosines,
                   const std::vector<std::string>& parts) {
    expectError([&] { measured(rates, cosines).cosine(0.01); }, parts);
}

}  // namespace

TEST(Thresholds, AreWhatWasMeasured) {
    const Thresholds t = measured();
    EXPECT_DOUBLE_EQ(t.cosine(1e-1), 0.25);
    EXPECT_DOUBLE_EQ(t.cosine(1e-2), 0.375);
    EXPECT_DOUBLE_EQ(t.cosine(1e-3), 0.4375);
}

TEST(Thresholds, AreLinearInTheLogarithmOfTheRateBetween) {
    const Thresholds t = measured();
    EXPECT_NEAR(t.cosine(std::sqrt(1e-1 * 1e-2)), 0.3125, 1e-12);
    EXPECT_NEAR(t.cosine(std::pow(10, -2.25)), 0.375 + 0.0625 / 4, 1e-12);
}

TEST(Thresholds, GoOnAlongTheOutermostLines) {
    const Thresholds t = measured();
    EXPECT_NEAR(t.cosine(1e-5), 0.4375 + 2 * 0.0625, 1e-12);
    EXPECT_NEAR(t.cosine(1), 0.25 - 0.125, 1e-12);
    EXPECT_EQ(t.cosine(1e-30), 1);  // 0.4375 + 27 * 0.0625
    EXPECT_EQ(measured({0.5, 0.4}, {-0.5f, 0.5f}).cosine(1), -1);
}

TEST(Thresholds, OfAGalleryAreThoseOfOneComparisonInIt) {
    const Thresholds t = measured();
    EXPECT_NEAR(t.naming(1, 0.01), t.cosine(0.01), 1e-12);
    EXPECT_NEAR(t.naming(10, 0.01), t.cosine(1 - std::pow(0.99, 0.1)), 1e-9);
    EXPECT_NEAR(t.naming(10), 0.4375, 1e-3);
    EXPECT_NEAR(t.naming(1, 0.1), 0.25, 1e-12);
    EXPECT_NEAR(t.naming(2147483647, 0.01),
                0.4375 + 0.0625 * (std::log10(2147483647.0) - 1 + std::log10(0.01 / 0.01005)),
                1e-3);  // where computing 1 - (1 - rate)^(1 / people) directly would lose all digits
    double last = -1;
    for (const int people : {1, 10, 100, 1000, 100000, 1000000}) {
        EXPECT_GT(t.naming(people), last) << people;
        last = t.naming(people);
    }
}

TEST(Thresholds, ThatBreakTheRulesAreRefused) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    expectRefused({}, {}, {"thresholds", "got none"});
    expectRefused({0.1}, {0.25f}, {"1 false-match rates", "2 to 64"});
    expectRefused(std::vector<double>(65, 0.1), std::vector<float>(65, 0.1f), {"65 false-match rates"});
    expectRefused({0.1, 0.01}, {0.25f}, {"2 false-match rates and 1 cosines"});
    expectRefused({0.01, 0.1}, {0.25f, 0.5f}, {"rate 0.1", "below the previous one"});
    expectRefused({1, 0.1}, {0.25f, 0.5f}, {"rate 1,", "within (0, 1)"});
    expectRefused({nan, 0.1}, {0.25f, 0.5f}, {"rate nan"});
    expectRefused({0.1, 0.01}, {0.25f, 0.25f}, {"cosine 0.25", "above the previous one"});
    expectRefused({0.1, 0.01}, {0.25f, 1.25f}, {"cosine 1.25", "within [-1, 1]"});
}

TEST(Thresholds, WhatIsAskedOfThemIsChecked) {
    const Thresholds t = measured();
    expectError([&] { t.cosine(0); }, {"rate", "got 0", "(0, 1]"});
    expectError([&] { t.cosine(1.5); }, {"rate", "got 1.5"});
    expectError([&] { t.cosine(std::numeric_limits<double>::quiet_NaN()); }, {"rate", "nan"});
    expectError([&] { t.naming(0); }, {"people", "got 0", "at least 1"});
    expectError([&] { t.naming(1, 0); }, {"strangerRate", "got 0"});
    expectError([&] { t.naming(1, 1); }, {"strangerRate", "got 1"});
    EXPECT_TRUE(Thresholds().empty());
    EXPECT_FALSE(t.empty());
}
