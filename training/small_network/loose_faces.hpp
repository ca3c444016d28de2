// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <opencv2/core.hpp>
#include <random>
#include <vector>

#include "run/face_reader.hpp"
#include "small_network/crops.hpp"

namespace drgan::train {

/// Draws pictures of a loose set: one whose faces have room around them, for other crops or places.
class LooseFaces {
public:
    struct Picture {
        cv::Mat pixels;         ///< CV_8UC3, RGB, square
        Landmarks landmarks{};  ///< pixels
        float yaw = 0;          ///< degrees
    };

    /// @param validation the persons that are kept out of training, else the others; people of the split "dev" never
    /// @param turnedShare of the pictures drawn, where there are turned ones
    /// @throws std::runtime_error if the set's faces are not loose enough, or if nobody is in it
    LooseFaces(const io::FaceSet& faces, bool validation, double turnedShare);

    /// Any yaw as likely as any other, mirrored or not.
    /// @throws std::runtime_error if picture after picture cannot be decoded
    Picture draw(std::mt19937_64& random) const;

    size_t size() const { return count_; }  ///< pictures to draw from
    int side() const { return faces_.imageSize(); }

private:
    const io::FaceSet& faces_;
    FaceReader reader_;
    double turnedShare_;
    std::vector<std::array<std::vector<int64_t>, 2>> byYaw_;  // rows, real and turned, by size of the yaw
    size_t count_ = 0;
};

}  // namespace drgan::train
