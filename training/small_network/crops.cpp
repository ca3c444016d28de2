// SPDX-License-Identifier: Apache-2.0
#include "small_network/crops.hpp"

#include <algorithm>
#include <cmath>

#include "opencv2/drgan/face_geometry.hpp"
#include "run/picture.hpp"
#include "run/random.hpp"

namespace drgan::train {

namespace {

cv::drgan::FaceSquare rolled(const Square& square) {
    const double angle = square.roll * CV_PI / 180;
    return {{square.x, square.y}, square.side, {-std::sin(angle), std::cos(angle)}};
}

}  // namespace

Square boxOf(const Landmarks& p) {
    const cv::Point2d eyes(p[0] + p[2], p[1] + p[3]), mouth(p[6] + p[8], p[7] + p[9]);
    const cv::drgan::FaceSquare square = cv::drgan::faceSquare(eyes / 2, mouth / 2);
    return {square.center.x, square.center.y, square.side, 0};
}

Landmarks mirrored(const Landmarks& landmarks, int pictureSide) {
    constexpr int twin[] = {1, 0, 2, 4, 3};
    Landmarks result{};
    for (int i = 0; i < 5; ++i) {
        result[2 * i] = static_cast<float>(pictureSide - 1) - landmarks[2 * twin[i]];
        result[2 * i + 1] = landmarks[2 * twin[i] + 1];
    }
    return result;
}

Landmarks inCrop(const Landmarks& landmarks, const Square& crop) {
    const cv::drgan::FaceSquare square = rolled(crop);
    const cv::Point2d right(square.down.y, -square.down.x);
    Landmarks result{};
    for (int i = 0; i < 10; i += 2) {
        const cv::Point2d p = cv::Point2d(landmarks[i], landmarks[i + 1]) - square.center;
        result[i] = static_cast<float>(0.5 + p.dot(right) / square.side);
        result[i + 1] = static_cast<float>(0.5 + p.dot(square.down) / square.side);
    }
    return result;
}

cv::Mat cutCrop(const cv::Mat& picture, const Square& crop, int size) {
    return cv::drgan::cropSquare(picture, cv::drgan::cropTransform(rolled(crop), size), size);
}

cv::Mat texture(int size, std::mt19937_64& random) {
    cv::Vec3f ground;
    for (int k = 0; k < 3; ++k) {
        ground[k] = static_cast<float>(uniform(random, -1, 1));
    }
    cv::Mat_<cv::Vec3f> layered(size, size, ground);
    const int layers = static_cast<int>(uniform(random, 1, 7));
    for (int layer = 0; layer < layers; ++layer) {
        const bool isWave = chance(0.5, random);
        const double angle = uniform(random, 0, 2 * M_PI), phase = uniform(random, 0, 2 * M_PI);
        const double length = size * std::pow(2, uniform(random, -4, 1));  // of a wave, or a blob's radius
        const double cx = uniform(random, 0, size), cy = uniform(random, 0, size), flat = uniform(random, 0.4, 1);
        cv::Vec3f colour;
        for (int k = 0; k < 3; ++k) {
            colour[k] = static_cast<float>(uniform(random, -1, 1));
        }
        layered.forEach([&](cv::Vec3f& pixel, const int* at) {
            const double x = at[1], y = at[0];
            const double along = x * std::cos(angle) + y * std::sin(angle);
            const double dx = (x - cx) / length, dy = (y - cy) / (length * flat);
            pixel += colour * static_cast<float>(isWave ? std::sin(2 * M_PI * along / length + phase)
                                                        : 1 / (1 + std::exp(6 * (dx * dx + dy * dy - 1))));
        });
    }
    cv::Mat result = layered, noise(result.size(), result.type());
    cv::RNG(random()).fill(noise, cv::RNG::NORMAL, 0, uniform(random, 0.001, 0.5));
    result += noise;
    clamp(result);
    return result;
}

}  // namespace drgan::train
