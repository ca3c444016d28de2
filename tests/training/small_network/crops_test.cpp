// SPDX-License-Identifier: Apache-2.0
#include "small_network/crops.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "aligner/batches.hpp"
#include "run/augmentation.hpp"

using namespace drgan::train;

namespace {

constexpr int side = 128;
const Landmarks face{52, 57, 75, 58, 66, 70, 55, 83, 72, 84};

/// A dark picture in which landmark `which` is a bright blob, as interleaved bytes.
std::vector<uint8_t> blobAt(int which) {
    std::vector<uint8_t> rgb;
    for (int i = 0; i < side * side; ++i) {
        const double dx = i % side - face[2 * which], dy = i / side - face[2 * which + 1];
        rgb.insert(rgb.end(), 3, static_cast<uint8_t>(255 * std::exp(-(dx * dx + dy * dy) / 18)));
    }
    return rgb;
}

/// Where the bright blob of the first plane lies, pixels.
std::pair<double, double> found(const std::vector<float>& planes, int size) {
    double sum = 0, x = 0, y = 0;
    for (int i = 0; i < size * size; ++i) {
        const double bright = std::max(0.F, planes[i] + 0.8F);
        sum += bright;
        x += bright * (i % size);
        y += bright * (i / size);
    }
    return {x / sum, y / sum};
}

std::vector<float> planesOf(const std::vector<uint8_t>& rgb, bool mirror) {
    std::vector<float> planes(rgb.size());
    toPlanes(rgb.data(), side, mirror, planes.data());
    return planes;
}

TEST(Crops, BoxIsWhereADetectorPutsIt) {
    // The eyes' midpoint 39.7 % down the box, the mouth's 74.7 %.
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
                // The mirror image's right eye is the picture's left one.
                const int shown = mirror ? (i == 2 ? 2 : i < 2 ? 1 - i : 7 - i) : i;
                const auto [x, y] = found(cutCrop(planesOf(blobAt(shown), mirror), side, crop), cropSide);
                EXPECT_NEAR(x, cropSide * expected[2 * i], 0.15) << "landmark " << i << " mirror " << mirror;
                EXPECT_NEAR(y, cropSide * expected[2 * i + 1], 0.15) << "landmark " << i << " mirror " << mirror;
            }
        }
    }
}

TEST(Crops, RollTurnsTheCropClockwise) {
    // A crop that is rolled by 90 degrees has the picture's bottom at its right.
    const Landmarks p = inCrop({64, 64, 64, 84, 84, 64, 44, 64, 64, 44}, {64, 64, 80, 90});
    const Landmarks expected{0.5, 0.5, 0.75, 0.5, 0.5, 0.25, 0.5, 0.75, 0.25, 0.5};
    for (size_t i = 0; i < p.size(); ++i) {
        EXPECT_NEAR(p[i], expected[i], 1e-5) << i;
    }
}

TEST(Crops, OutsideThePictureIsItsMirrorImageMoreAndMoreBlurred) {
    std::vector<float> planes(3 * side * side);
    for (size_t i = 0; i < planes.size(); ++i) {
        planes[i] = (i % side / 2 + i / side / 2) % 2 == 0 ? 1.F : -1.F;  // squares of 2 pixels
    }
    // Columns 0 to 10 are inside, 11 is a pixel beyond the last one, 36 more than 0.2 of the side.
    const std::vector<float> crop = cutCrop(planes, side, {149, 64, 64, 0});
    EXPECT_EQ(crop[32 * cropSide + 9], planes[64 * side + 126]);
    EXPECT_NEAR(crop[32 * cropSide + 12], planes[64 * side + 125], 0.2);
    auto roughness = [&](int from, int count) {
        double sum = 0;
        for (int y = 16; y < 48; ++y) {
            for (int x = from; x < from + count; ++x) {
                sum += std::abs(crop[y * cropSide + x + 1] - crop[y * cropSide + x]);
            }
        }
        return sum / (32 * count);
    };
    EXPECT_GT(roughness(0, 8), 0.5);
    EXPECT_GT(roughness(11, 8), 0.4);
    EXPECT_LT(roughness(20, 8), 0.8 * roughness(11, 8));
    EXPECT_LT(roughness(40, 20), 0.03);
}

TEST(Crops, CoarseCropsAreAveraged) {
    std::vector<float> planes(3 * side * side);
    for (size_t i = 0; i < planes.size(); ++i) {
        planes[i] = i % 2 == 0 ? 1.F : -1.F;  // stripes of a pixel: a crop pixel covers two
    }
    const std::vector<float> crop = cutCrop(planes, side, {63.5, 63.5, 126, 0});
    const auto [least, most] = std::minmax_element(crop.begin(), crop.end());
    EXPECT_LT(*most - *least, 0.3);
}

TEST(Augmentation, BlursAndAddsNoise) {
    constexpr int size = 32;
    std::vector<float> picture(3 * size * size);
    for (size_t i = 0; i < picture.size(); ++i) {
        picture[i] = i / 2 % 2 == 0 ? 0.5F : -0.5F;
    }
    auto roughness = [](const std::vector<float>& planes) {
        double sum = 0;
        for (size_t i = 1; i < planes.size(); ++i) {
            sum += std::abs(planes[i] - planes[i - 1]);
        }
        return sum;
    };
    Augmentation how{0, 0, 0, 0, 0, 0};
    std::mt19937_64 random(3);
    std::vector<float> plain = picture, blurred = picture, noisy(picture.size(), 0.1F);
    augment(plain.data(), size, how, random);
    EXPECT_EQ(plain, picture);
    how.blur = 1;
    augment(blurred.data(), size, how, random);
    EXPECT_LT(roughness(blurred), 0.9 * roughness(picture));
    how.blur = 0;
    how.noise = 1;
    augment(noisy.data(), size, how, random);
    EXPECT_GT(roughness(noisy), 0.005 * static_cast<double>(noisy.size()));
}

}  // namespace
