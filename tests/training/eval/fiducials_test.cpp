// SPDX-License-Identifier: Apache-2.0

#include "eval/fiducials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "temporary_folder.hpp"

namespace drgan::eval {
namespace {

using drgan::test::TemporaryFolder;
using drgan::test::writeText;

/// The right half of a subject's face: eye at (40, 50), ridge of the nose and middle of the lips on the line x = 60,
/// nose tip at (60, 71), corner of the mouth at (45, 90). The distance from eyes to mouth is 40 pixels.
std::string fiducials() {
    std::ostringstream text;
    for (int i = 0; i < 30; ++i) {
        const int x = i < 12 ? 20 : i < 18 ? 40 : i == 25 ? 45 : 60;
        const int y = i < 12 ? 30 : i < 19 ? 50 : i < 25 ? 50 + 7 * (i - 18) : 90;
        text << x << ',' << y << '\n';
    }
    return text.str();
}

Faces::Face face(const std::vector<float>& points) {
    Faces::Face f;
    f.found = f.hasYaw = true;
    f.place = cv::Mat(1, 15, CV_32F, cv::Scalar(1));
    std::copy(points.begin(), points.end(), f.place.ptr<float>() + 4);
    return f;
}

class FiducialErrorsTest : public testing::Test {
protected:
    std::string picture(const std::string& name, const std::string& points) {
        if (!points.empty()) {
            writeText(folder / ("Data/Fiducials/" + name + ".txt"), points);
        }
        return folder / ("Data/Images/" + name + ".jpg");
    }

    Faces faces(std::map<std::string, Faces::Face> all) {
        return {std::move(all), [](const std::string&) { return cv::Mat(); }};
    }

    TemporaryFolder folder;
};

TEST_F(FiducialErrorsTest, TheSeenSideIsMeasuredInUnitsOfTheFace) {
    // 4, 8 and 12 pixels off; landmarks of the other side do not count.
    const Faces some = faces({{picture("001/frontal/01", fiducials()), face({44, 50, 0, 0, 60, 79, 45, 78, 0, 0})}});
    const auto rows = againstFiducials(some);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_FALSE(rows[0].profile);
    EXPECT_EQ(rows[0].faces, 1U);
    EXPECT_NEAR(rows[0].eye, 0.1, 1e-6);
    EXPECT_NEAR(rows[0].nose, 0.2, 1e-6);
    EXPECT_NEAR(rows[0].mouth, 0.3, 1e-6);
    EXPECT_THAT(table(rows), testing::HasSubstr("20.00%"));
    EXPECT_EQ(report(rows)[0].at("pictures"), "frontal");
}

TEST_F(FiducialErrorsTest, ProfilesAreARowOfTheirOwn) {
    const auto near = face({40, 50, 0, 0, 60, 71, 45, 90, 0, 0});
    const auto rows = againstFiducials(faces({{picture("001/frontal/01", fiducials()), near},
                                              {picture("001/profile/01", fiducials()), near},
                                              {picture("001/profile/02", fiducials()), near}}));
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_TRUE(rows[1].profile);
    EXPECT_EQ(rows[1].faces, 2U);
    EXPECT_NEAR(rows[1].eye, 0, 1e-6);
}

TEST_F(FiducialErrorsTest, WhatCannotBeMeasuredIsPassedOver) {
    const auto near = face({40, 50, 0, 0, 60, 71, 45, 90, 0, 0});
    Faces::Face box = near, none = near;
    box.place = box.place.colRange(0, 4).clone();
    none.found = false;
    EXPECT_TRUE(againstFiducials(faces({{picture("001/frontal/01", ""), near},
                                        {picture("001/frontal/02", "1,2\n"), near},
                                        {picture("001/frontal/03", fiducials()), box},
                                        {picture("001/frontal/04", fiducials()), none}}))
                    .empty());
    EXPECT_TRUE(againstFiducials(faces({})).empty());
}

}  // namespace
}  // namespace drgan::eval
