// SPDX-License-Identifier: Apache-2.0
#include "small_network/backgrounds.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "io/files_in.hpp"

namespace drgan::train {

namespace {

constexpr int leastSide = 64;   // pixels: a smaller picture is no background
constexpr int mostSide = 1280;  // pixels: larger ones are reduced before they are kept

}  // namespace

Backgrounds::Backgrounds(const std::string& folder) {
    for (const auto& file : io::filesIn(folder)) {
        cv::Mat picture = cv::imread(file.string());
        if (picture.empty()) {
            spdlog::warn("{}: left out, no picture that can be read", file.string());
            continue;
        }
        const int narrower = std::min(picture.cols, picture.rows);
        if (narrower < leastSide) {
            spdlog::warn("{}: left out, got {}x{} pixels, expected at least {}", file.string(), picture.cols,
                         picture.rows, leastSide);
            continue;
        }
        cv::cvtColor(picture, picture, cv::COLOR_BGR2RGB);
        const double scale = std::max(static_cast<double>(mostSide) / std::max(picture.cols, picture.rows),
                                      static_cast<double>(leastSide) / narrower);
        if (scale < 1) {
            cv::resize(picture, picture, cv::Size(), scale, scale, cv::INTER_AREA);
        }
        std::vector<cv::Mat> sizes{picture};
        while (std::min(sizes.back().cols, sizes.back().rows) >= 2 * leastSide) {
            cv::Mat half;
            cv::resize(sizes.back(), half, cv::Size(), 0.5, 0.5, cv::INTER_AREA);
            sizes.push_back(half);
        }
        photos_.push_back(std::move(sizes));
        names_.push_back(file.filename().string());
    }
    if (photos_.empty()) {
        throw std::runtime_error(folder + ": no picture that could be a background");
    }
}

cv::Mat Backgrounds::cut(size_t photo, const Square& square, int size, bool mirrored) const {
    const auto& sizes = photos_[photo];
    size_t level = 0;  // at which a pixel of the crop covers one to two of the picture's
    double shrunk = 1;
    while (level + 1 < sizes.size() && square.side / size >= 2 * shrunk) {
        ++level;
        shrunk *= 2;
    }
    const Square within{(square.x + 0.5) / shrunk - 0.5, (square.y + 0.5) / shrunk - 0.5, square.side / shrunk,
                        square.roll};
    cv::Mat crop = cutCrop(sizes[level], within, size);
    if (mirrored) {
        cv::flip(crop, crop, 1);
    }
    return crop;
}

}  // namespace drgan::train
