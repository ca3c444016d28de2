// SPDX-License-Identifier: Apache-2.0
//
// Pictures that training composes: which pieces are placed where, and the background.
#include "detector/scene.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "imgproc.hpp"
#include "run/picture.hpp"
#include "small_network/backgrounds.hpp"
#include "temporary_folder.hpp"

using namespace drgan::train;

namespace {

constexpr int pieceSide = 32;

cv::Mat plain(int side, double value) { return {side, side, CV_32FC3, cv::Scalar::all(value)}; }

/// A white picture with a black dot of 3x3 pixels.
cv::Mat dotted(int x, int y) {
    cv::Mat piece = plain(pieceSide, 1);
    piece(cv::Rect(x - 1, y - 1, 3, 3)).setTo(cv::Scalar::all(-1));
    return piece;
}

/// Centroid of the dark pixels.
cv::Point2d dark(const cv::Mat& picture) {
    cv::Mat weight;
    cv::extractChannel(cv::Scalar::all(1) - picture, weight, 0);
    const cv::Moments m = cv::moments(weight);
    return {m.m10 / m.m00, m.m01 / m.m00};
}

TEST(Scene, LandmarksLieWhereThePieceShowsThem) {
    for (const double side : {20.0, 32.0, 70.0}) {
        for (const double roll : {0.0, 30.0, -90.0}) {
            SCOPED_TRACE(std::to_string(side) + ", roll " + std::to_string(roll));
            Scene scene(plain(96, 1));
            Landmarks points;
            points.fill(0);
            points[4] = 20;  // the nose
            points[5] = 11;
            scene.putFace(dotted(20, 11), points, {50, 45, side, roll}, {8, 1, 0.05});
            const cv::Point2d at = dark(scene.picture());
            ASSERT_EQ(scene.faces().size(), 1U);
            EXPECT_NEAR(scene.faces()[0].landmarks[4], at.x, 0.4);
            EXPECT_NEAR(scene.faces()[0].landmarks[5], at.y, 0.4);
        }
    }
}

TEST(Scene, PiecesFadeIntoWhatIsBehind) {
    Scene scene(plain(64, -1));
    scene.put(plain(pieceSide, 1), {32, 32, 40, 0}, {2, 1, 0.5});
    const auto at = [&](int x, int y) { return scene.picture().at<cv::Vec3f>(y, x)[0]; };
    EXPECT_EQ(at(32, 32), 1);
    EXPECT_EQ(at(5, 32), -1);
    EXPECT_EQ(at(14, 14), -1);  // the square's corner is outside the ellipse
    float before = 1;
    for (int x = 32; x < 56; ++x) {
        EXPECT_LE(at(x, 32), before);
        EXPECT_GT(at(x, 32), before - 0.35F) << x;  // no edge anywhere
        before = at(x, 32);
    }
    EXPECT_EQ(before, -1);
}

TEST(Scene, ReducedPiecesAreAveraged) {
    cv::Mat_<cv::Vec3f> piece(pieceSide, pieceSide);
    piece.forEach([](cv::Vec3f& pixel, const int* at) {
        pixel = cv::Vec3f::all((at[0] + at[1]) % 2 == 0 ? 1.F : -1.F);  // a chessboard
    });
    Scene scene(plain(16, 0));
    scene.put(piece, {8, 8, 8, 0}, {8, 1, 0.05});
    EXPECT_LT(cv::norm(scene.picture(), cv::NORM_INF), 1e-5);
}

TEST(Scene, MayLieMostlyOutside) {
    Scene scene(plain(32, -1));
    scene.put(plain(pieceSide, 1), {-10, 40, 40, 20}, {4, 1, 0.2});
    EXPECT_EQ(scene.picture().at<cv::Vec3f>(0, 31)[0], -1);
    EXPECT_GT(scene.picture().at<cv::Vec3f>(31, 0)[0], 0);
    scene.put(plain(pieceSide, 0), {500, 500, 40, 20}, {4, 1, 0.2});
}

TEST(Sharpen, RaisesContrastAtEdgesAlone) {
    cv::Mat picture = plain(16, -0.5);
    picture.colRange(8, 16).setTo(cv::Scalar::all(0.5));
    sharpen(picture, 1);
    const auto at = [&](int x) { return picture.at<cv::Vec3f>(8, x)[0]; };
    EXPECT_LT(at(7), -0.6F);
    EXPECT_GT(at(8), 0.6F);
    EXPECT_NEAR(at(3), -0.5F, 1e-6);
}

class BackgroundsTest : public testing::Test {
protected:
    std::string path(const std::string& name) const { return folder_ / name; }
    drgan::test::TemporaryFolder folder_;
};

/// From black on the left to white on the right.
cv::Mat ramp(int height, int width) {
    cv::Mat_<cv::Vec3b> picture(height, width);
    picture.forEach([&](cv::Vec3b& pixel, const int* at) {
        pixel = cv::Vec3b::all(cv::saturate_cast<uint8_t>(255.0 * at[1] / (width - 1)));
    });
    return std::move(picture);
}

TEST_F(BackgroundsTest, ReadsPicturesAndLeavesOutWhatIsNone) {
    writePng(path("b.png"), ramp(100, 200));
    writePng(path("a.png"), ramp(70, 3000));
    writePng(path("small.png"), ramp(20, 20));
    std::ofstream(path("notes.txt")) << "no picture";
    std::filesystem::create_directory(path("folder.png"));
    const Backgrounds photos(folder_.path());
    ASSERT_EQ(photos.size(), 2U);
    EXPECT_EQ(photos.name(0), "a.png");
    EXPECT_EQ(photos.width(1), 200);
    EXPECT_EQ(photos.height(1), 100);
}

TEST_F(BackgroundsTest, CutsWhereItIsAsked) {
    writePng(path("ramp.png"), ramp(256, 512));
    const Backgrounds photos(folder_.path());
    const auto value = [](double x) { return x / 511 * 255; };
    for (const double side : {30.0, 64.0, 200.0}) {
        for (const bool mirrored : {false, true}) {
            SCOPED_TRACE(side);
            const cv::Mat_<cv::Vec3b> cut = photos.cut(0, {200, 128, side, 0}, 64, mirrored);
            ASSERT_EQ(cut.size(), cv::Size(64, 64));
            const double left = value(200 - side / 2), right = value(200 + side / 2 * 31 / 32);
            EXPECT_NEAR(cut(32, 0)[0], mirrored ? right : left, 1.5);
            EXPECT_NEAR(cut(32, 63)[0], mirrored ? left : right, 1.5);
        }
    }
    // Rotated by 90 degrees: left to right becomes top to bottom.
    const cv::Mat_<cv::Vec3b> turned = photos.cut(0, {200, 128, 64, 90}, 64, false);
    EXPECT_NEAR(turned(5, 0)[0], turned(5, 60)[0], 1);
    EXPECT_GT(std::abs(turned(63, 0)[0] - turned(0, 0)[0]), 25);
}

TEST_F(BackgroundsTest, NamesAFolderWithoutPictures) {
    for (const std::string& where : {folder_.path(), path("nowhere")}) {
        try {
            Backgrounds photos(where);
            FAIL() << where;
        } catch (const std::runtime_error& e) {
            EXPECT_NE(std::string(e.what()).find(where), std::string::npos) << e.what();
        }
    }
}

}  // namespace
