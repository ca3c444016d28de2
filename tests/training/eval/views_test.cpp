// SPDX-License-Identifier: Apache-2.0
#include "eval/views.hpp"

#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include "small_face_set.hpp"
#include "temporary_folder.hpp"
#include "tiny_onnx.hpp"

namespace eval = drgan::eval;

namespace {

cv::drgan::Alignment alignment() {
    cv::drgan::Alignment result;
    result.size = 64;
    result.eyes = {0.5F, 0.461F};
    result.eyeMouth = 0.363F;
    return result;
}

cv::Mat shaded() {
    cv::Mat picture(64, 64, CV_8UC3);
    for (int y = 0; y < 64; ++y) {
        picture.row(y).setTo(cv::Scalar(60 + 2 * y, 80 + 2 * y, 100 + 2 * y));
    }
    return picture;
}

TEST(Likeness, OfAPictureWithItselfIsPerfect) {
    const eval::Likeness like = eval::likeness(shaded(), shaded(), alignment());
    EXPECT_NEAR(like.colour, 0, 1e-6);
    EXPECT_NEAR(like.lab, 0, 1e-6);
    EXPECT_NEAR(like.grey, 1, 1e-6);
}

TEST(Likeness, MeasuresColourInLab) {
    const cv::Mat black(64, 64, CV_8UC3, cv::Scalar::all(0)), white(64, 64, CV_8UC3, cv::Scalar::all(255));
    const eval::Likeness like = eval::likeness(black, white, alignment());
    EXPECT_NEAR(like.colour, 100, 0.1);  // L of white
    EXPECT_NEAR(like.lab, 100 / 3., 0.1);
    EXPECT_EQ(like.grey, 0);
    // The same mean, but the other way up: only the single pixels differ.
    cv::Mat upright = shaded(), turned;
    cv::flip(upright, turned, 0);
    EXPECT_LT(eval::likeness(upright, turned, alignment()).grey, -0.5);
}

TEST(Likeness, LeavesTheBackgroundOut) {
    cv::Mat other = shaded();
    other(cv::Rect(0, 0, 6, 64)).setTo(cv::Scalar(0, 0, 255));
    EXPECT_NEAR(eval::likeness(shaded(), other, alignment()).lab, 0, 1e-6);
}

TEST(ViewsOfASet, ComparePicturesAndTurnedOnes) {
    const drgan::test::TemporaryFolder folder;
    const std::string path = folder / "faces.safetensors";
    SmallFaceSet how;
    how.devPeople = 6;
    writeSmallFaceSet(path, how);
    drgan_test::TinyOptions tiny;
    tiny.withAppearance = true;
    const cv::drgan::Bundle bundle = cv::drgan::Bundle::load(drgan_test::writeTinyBundle(folder / "bundle", tiny));
    const eval::Views views = eval::viewsOfSet(path, "dev", bundle);
    EXPECT_EQ(views.own.pictures, 6U);  // each has one real picture within 15 degrees, and one turned view of it
    EXPECT_EQ(views.turned.pictures, 6U);
    EXPECT_GT(views.own.mean.lab, 1);
    EXPECT_EQ(views.examples.size(), cv::Size(6 * 16, 3 * 16));
    const auto report = eval::report(views);
    EXPECT_NEAR(report.at("own").at("lab").get<double>(), views.own.mean.lab, 1e-9);
    EXPECT_EQ(report.at("turned").at("pictures"), 6);
    EXPECT_NE(eval::table(views).find("from turned ones"), std::string::npos);
    EXPECT_THROW(eval::viewsOfSet(path, "some", bundle), std::runtime_error);
}

}  // namespace
