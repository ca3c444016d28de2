// SPDX-License-Identifier: Apache-2.0
#include "small_network/crops.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "aligner/batches.hpp"
#include "imgproc.hpp"
#include "run/augmentation.hpp"

using namespace drgan::train;

namespace {

constexpr int side = 128;
const Landmarks face{52, 57, 75, 58, 66, 70, 55, 83, 72, 84};

/// A dark picture in which landmark `which` is a bright blob.
cv::Mat blobAt(int which) {
    cv::Mat_<cv::Vec3b> picture(side, side);
    picture.forEach([&](cv::Vec3b& pixel, const int* at) {
        const double dx = at[1] - face[2 * which], dy = at[0] - face[2 * which + 1];
        pixel = cv::Vec3b::all(static_cast<uint8_t>(255 * std::exp(-(dx * dx + dy * dy) / 18)));
    });
    return std::move(picture);
}

/// The position of the bright blob, pixels.
cv::Point2d found(const cv::Mat& picture) {
    cv::Mat grey;
    cv::extractChannel(picture, grey, 0);
    cv::subtract(grey, 25, grey);
    const cv::Moments m = cv::moments(grey);
    return {m.m10 / m.m00, m.m01 / m.m00};
}

TEST(Crops, BoxIsWhereADetectorPutsIt) {
    // The eyes' midpoint is 39.7 % down the box, the mouth's 74.7 %.
    const Square box = boxOf({40, 39.7F, 60, 39.7F, 55, 60, 45, 74.7F, 55, 74.7F});
    EXPECT_NEAR(box.x, 50, 1e-4);
    EXPECT_NEAR(box.y, 50, 1e-4);
    EXPECT_NEAR(box.side, 100, 1e-3);
    EXPECT_EQ(box.roll, 0);
}

TEST(Crops, LandmarksAreWhereThePictureShowsThem) {
    const Square box = boxOf(face);
    for (const bool mirror : {false, true}) {
        const Landmarks truth = mirror ? mirrored(face, side) : face;
        for (const Square& crop : {Square{box.x, box.y, 1.5 * box.side, 0}, Square{60, 70, 80, 30},
                                   Square{70, 60, 120, -25}, Square{64, 66, 64, 10}}) {
            const Landmarks expected = inCrop(truth, crop);
            for (int i = 0; i < 5; ++i) {
                // The mirror image's right eye is the picture's left eye.
                const int shown = mirror ? (i == 2 ? 2 : i < 2 ? 1 - i : 7 - i) : i;
                cv::Mat picture = blobAt(shown);
                if (mirror) {
                    cv::flip(picture, picture, 1);
                }
                const cv::Point2d at = found(cutCrop(picture, crop));
                EXPECT_NEAR(at.x, cropSide * expected[2 * i], 0.15) << "landmark " << i << " mirror " << mirror;
                EXPECT_NEAR(at.y, cropSide * expected[2 * i + 1], 0.15) << "landmark " << i << " mirror " << mirror;
            }
        }
    }
}

TEST(Crops, RollTurnsTheCropClockwise) {
    // The right of a crop that is rolled by 90 degrees is the bottom of the picture.
    const Landmarks p = inCrop({64, 64, 64, 84, 84, 64, 44, 64, 64, 44}, {64, 64, 80, 90});
    const Landmarks expected{0.5, 0.5, 0.75, 0.5, 0.5, 0.25, 0.5, 0.75, 0.25, 0.5};
    for (size_t i = 0; i < p.size(); ++i) {
        EXPECT_NEAR(p[i], expected[i], 1e-5) << i;
    }
}

TEST(Crops, OutsideThePictureIsItsMirrorImageBlurred) {
    cv::Mat_<cv::Vec3b> picture(side, side);
    picture.forEach([](cv::Vec3b& pixel, const int* at) {
        pixel = cv::Vec3b::all((at[0] / 2 + at[1] / 2) % 2 == 0 ? 255 : 0);  // squares of 2 pixels
    });
    // Columns 0 to 10 are inside the picture; 11 is one pixel beyond the last one.
    const cv::Mat_<cv::Vec3b> crop = cutCrop(picture, {149, 64, 64, 0});
    EXPECT_EQ(crop(32, 9), picture(64, 126));
    const auto roughness = [&](int from, int end) {
        return cv::norm(crop.colRange(from + 1, end), crop.colRange(from, end - 1), cv::NORM_L1) / (3.0 * cropSide);
    };
    EXPECT_GT(roughness(0, 10), 1000);
    EXPECT_LT(roughness(12, 64), 100);
}

TEST(Crops, CoarseCropsAreAveraged) {
    cv::Mat_<cv::Vec3b> picture(side, side);
    picture.forEach([](cv::Vec3b& pixel, const int* at) { pixel = cv::Vec3b::all(at[1] % 2 == 0 ? 255 : 0); });
    double least = 0, most = 0;
    cv::minMaxLoc(cutCrop(picture, {63.5, 63.5, 127, 0}, 40).reshape(1), &least, &most);
    EXPECT_LT(most - least, 80);
}

double roughness(const cv::Mat& picture) {
    return cv::norm(picture.colRange(1, picture.cols), picture.colRange(0, picture.cols - 1), cv::NORM_L1);
}

TEST(Augmentation, BlursAndAddsNoise) {
    cv::Mat_<cv::Vec3f> picture(32, 32);
    picture.forEach([](cv::Vec3f& pixel, const int* at) { pixel = cv::Vec3f::all(at[1] / 2 % 2 == 0 ? 0.5F : -0.5F); });
    Augmentation how{0, 0, 0, 0, 0, 0};
    std::mt19937_64 random(3);
    cv::Mat plain = picture.clone(), blurred = picture.clone(), noisy(picture.size(), CV_32FC3, cv::Scalar::all(0.1));
    augment(plain, how, random);
    EXPECT_EQ(cv::norm(plain, picture, cv::NORM_INF), 0);
    how.blur = 1;
    augment(blurred, how, random);
    EXPECT_LT(roughness(blurred), 0.9 * roughness(picture));
    how.blur = 0;
    how.noise = 1;
    augment(noisy, how, random);
    EXPECT_GT(roughness(noisy), 0.005 * 3 * 32 * 32);
}

TEST(Augmentation, MovesByWholePixelsWithoutSoftening) {
    cv::Mat picture(32, 32, CV_32FC3);
    cv::RNG(5).fill(picture, cv::RNG::UNIFORM, -1, 1);
    for (uint64_t seed = 0; seed < 8; ++seed) {
        cv::Mat moved = picture.clone();
        std::mt19937_64 random(seed);
        augment(moved, {4, 0, 0, 0, 0, 0}, random);
        const cv::Mat middle = picture(cv::Rect(8, 8, 16, 16));
        cv::Mat difference;
        cv::matchTemplate(moved, middle, difference, cv::TM_SQDIFF);
        double least = 1;
        cv::Point at;
        cv::minMaxLoc(difference, &least, nullptr, &at);
        EXPECT_EQ(cv::norm(moved(cv::Rect(at, middle.size())), middle, cv::NORM_INF), 0) << seed;
        EXPECT_LE(std::abs(at.x - 8), 4);
        EXPECT_LE(std::abs(at.y - 8), 4);
    }
}

TEST(Augmentation, KeepsTheRange) {
    cv::Mat picture(32, 32, CV_32FC3);
    cv::RNG(5).fill(picture, cv::RNG::UNIFORM, -1, 1);
    std::mt19937_64 random(2);
    for (int i = 0; i < 20; ++i) {
        cv::Mat changed = picture.clone();
        augment(changed, {4, 30, 0.3, 1, 0.5, 0.5, 0.5, 0.5, 0.5}, random);
        ASSERT_EQ(changed.size(), picture.size());
        ASSERT_TRUE(cv::checkRange(changed.reshape(1), true, nullptr, -1, 1 + 1e-6));
    }
}

}  // namespace
