// SPDX-License-Identifier: Apache-2.0
//
// Pictures that training composes: what is put where, and what stands behind it.
#include "small_network/scene.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "run/png.hpp"
#include "small_network/backgrounds.hpp"
#include "temporary_folder.hpp"

using namespace drgan::train;

namespace {

constexpr int pieceSide = 32;

std::vector<float> plain(int side, float value) {
    return std::vector<float>(3 * static_cast<size_t>(side) * side, value);
}

/// White with a black dot of 3x3 pixels.
std::vector<float> dotted(int x, int y) {
    std::vector<float> piece = plain(pieceSide, 1);
    for (int k = 0; k < 3; ++k) {
        for (int i = 0; i < 9; ++i) {
            piece[(static_cast<size_t>(k) * pieceSide + y + i / 3 - 1) * pieceSide + x + i % 3 - 1] = -1;
        }
    }
    return piece;
}

/// Centroid of what is dark in the first plane.
std::pair<double, double> dark(const std::vector<float>& planes, int side) {
    double sum = 0, x = 0, y = 0;
    for (int i = 0; i < side * side; ++i) {
        const double weight = std::max(0.F, 1 - planes[i]);
        sum += weight;
        x += weight * (i % side);
        y += weight * (i / side);
    }
    return {x / sum, y / sum};
}

TEST(Scene, LandmarksLieWhereThePieceShowsThem) {
    for (const double side : {20.0, 32.0, 70.0}) {
        for (const double roll : {0.0, 30.0, -90.0}) {
            SCOPED_TRACE(std::to_string(side) + ", roll " + std::to_string(roll));
            Scene scene(plain(96, 1), 96);
            Landmarks points;
            points.fill(0);
            points[4] = 20;  // the nose
            points[5] = 11;
            scene.putFace(dotted(20, 11), pieceSide, points, {50, 45, side, roll}, {8, 1, 0.05});
            const auto [x, y] = dark(scene.planes(), 96);
            ASSERT_EQ(scene.faces().size(), 1U);
            EXPECT_NEAR(scene.faces()[0][4], x, 0.4);
            EXPECT_NEAR(scene.faces()[0][5], y, 0.4);
        }
    }
}

TEST(Scene, PiecesFadeIntoWhatIsBehind) {
    Scene scene(plain(64, -1), 64);
    scene.put(plain(pieceSide, 1), pieceSide, {32, 32, 40, 0}, {2, 1, 0.5});
    const auto at = [&](int x, int y) { return scene.planes()[static_cast<size_t>(y) * 64 + x]; };
    EXPECT_EQ(at(32, 32), 1);
    EXPECT_EQ(at(5, 32), -1);
    EXPECT_EQ(at(14, 14), -1);  // the square's corner is outside the ellipse
    float before = 1;
    for (int x = 32; x < 56; ++x) {
        EXPECT_LE(at(x, 32), before);
        EXPECT_GT(at(x, 32), before - 0.35F) << x;  // nowhere an edge
        before = at(x, 32);
    }
    EXPECT_EQ(before, -1);
}

TEST(Scene, ReducedPiecesAreAveraged) {
    std::vector<float> piece = plain(pieceSide, 0);
    for (size_t i = 0; i < piece.size(); ++i) {
        piece[i] = (i + i / pieceSide) % 2 == 0 ? 1.F : -1.F;  // a chessboard
    }
    Scene scene(plain(16, 0), 16);
    scene.put(piece, pieceSide, {8, 8, 8, 0}, {8, 1, 0.05});
    for (const float value : scene.planes()) {
        EXPECT_NEAR(value, 0, 1e-5);
    }
}

TEST(Scene, MayLieMostlyOutside) {
    Scene scene(plain(32, -1), 32);
    scene.put(plain(pieceSide, 1), pieceSide, {-10, 40, 40, 20}, {4, 1, 0.2});
    EXPECT_EQ(scene.planes()[31], -1);
    EXPECT_GT(scene.planes()[31 * 32], 0);
    scene.put(plain(pieceSide, 0), pieceSide, {500, 500, 40, 20}, {4, 1, 0.2});
}

TEST(Sharpen, RaisesContrastAtEdgesAlone) {
    std::vector<float> planes = plain(16, -0.5F);
    for (size_t i = 0; i < planes.size(); ++i) {
        planes[i] = i % 16 < 8 ? -0.5F : 0.5F;
    }
    sharpen(planes, 16, 1);
    EXPECT_LT(planes[8 * 16 + 7], -0.6F);
    EXPECT_GT(planes[8 * 16 + 8], 0.6F);
    EXPECT_NEAR(planes[8 * 16 + 3], -0.5F, 1e-6);
}

class BackgroundsTest : public testing::Test {
protected:
    std::string path(const std::string& name) const { return folder_ / name; }
    drgan::test::TemporaryFolder folder_;
};

/// From black on the left to white on the right.
torch::Tensor ramp(int64_t height, int64_t width) {
    return (torch::arange(width, torch::kFloat32) / (width - 1) * 2 - 1).expand({3, height, width});
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
    const auto value = [](double x) { return x / 511 * 2 - 1; };
    for (const double side : {30.0, 64.0, 200.0}) {
        for (const bool mirrored : {false, true}) {
            SCOPED_TRACE(side);
            const std::vector<float> planes = photos.cut(0, {200, 128, side, 0}, 64, mirrored);
            ASSERT_EQ(planes.size(), 3U * 64 * 64);
            const double left = value(200 - side / 2 * 63 / 64), right = value(200 + side / 2 * 63 / 64);
            EXPECT_NEAR(planes[32 * 64], mirrored ? right : left, 0.01);
            EXPECT_NEAR(planes[32 * 64 + 63], mirrored ? left : right, 0.01);
        }
    }
    // A quarter turn: what lay from left to right lies from top to bottom; beyond the border it goes on.
    const std::vector<float> turned = photos.cut(0, {200, 128, 64, 90}, 64, false);
    EXPECT_NEAR(turned[5 * 64], turned[5 * 64 + 60], 1e-3);
    EXPECT_GT(std::abs(turned[63 * 64] - turned[0]), 0.2);
    EXPECT_NEAR(photos.cut(0, {-300, 128, 64, 0}, 64, false)[100], -1, 0.01);
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
