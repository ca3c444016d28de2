// SPDX-License-Identifier: Apache-2.0
#include "small_network/backgrounds.hpp"

#include <spdlog/spdlog.h>
#include <stb_image.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <stdexcept>

namespace drgan::train {

namespace fs = std::filesystem;

namespace {

constexpr int leastSide = 64;   // pixels: a smaller picture is no background
constexpr int mostSide = 1280;  // pixels: larger ones are halved before they are kept

}  // namespace

Backgrounds::Backgrounds(const std::string& folder) {
    std::vector<fs::path> files;
    std::error_code unreadable;
    for (const auto& entry : fs::directory_iterator(folder, unreadable)) {
        if (entry.is_regular_file()) {
            files.push_back(entry.path());
        }
    }
    if (unreadable) {
        throw std::runtime_error(folder + ": cannot be read: " + unreadable.message());
    }
    std::sort(files.begin(), files.end());  // the same everywhere, as draws go by number
    for (const auto& file : files) {
        Picture picture;
        int channels = 0;
        stbi_uc* pixels = stbi_load(file.string().c_str(), &picture.width, &picture.height, &channels, 3);
        if (!pixels) {
            spdlog::warn("{}: left out, no picture that can be read ({})", file.string(), stbi_failure_reason());
            continue;
        }
        picture.rgb.assign(pixels, pixels + static_cast<size_t>(picture.width) * picture.height * 3);
        stbi_image_free(pixels);
        if (std::min(picture.width, picture.height) < leastSide) {
            spdlog::warn("{}: left out, got {}x{} pixels, expected at least {}", file.string(), picture.width,
                         picture.height, leastSide);
            continue;
        }
        while (std::max(picture.width, picture.height) > mostSide &&
               std::min(picture.width, picture.height) >= 2 * leastSide) {
            picture = halved(picture);
        }
        std::vector<Picture> sizes{std::move(picture)};
        while (std::min(sizes.back().width, sizes.back().height) >= 2 * leastSide) {
            sizes.push_back(halved(sizes.back()));
        }
        photos_.push_back(std::move(sizes));
        names_.push_back(file.filename().string());
    }
    if (photos_.empty()) {
        throw std::runtime_error(folder + ": no picture that could be a background");
    }
}

Backgrounds::Picture Backgrounds::halved(const Picture& from) {
    Picture to;
    to.width = from.width / 2;
    to.height = from.height / 2;
    to.rgb.resize(static_cast<size_t>(to.width) * to.height * 3);
    const size_t line = static_cast<size_t>(from.width) * 3;
    for (int y = 0; y < to.height; ++y) {
        const uint8_t* top = from.rgb.data() + 2 * y * line;
        uint8_t* out = to.rgb.data() + static_cast<size_t>(y) * to.width * 3;
        for (int x = 0; x < to.width; ++x, top += 6) {
            for (int k = 0; k < 3; ++k) {
                *out++ = static_cast<uint8_t>((top[k] + top[k + 3] + top[line + k] + top[line + k + 3] + 2) / 4);
            }
        }
    }
    return to;
}

std::vector<float> Backgrounds::cut(size_t photo, const Square& square, int size, bool mirrored) const {
    const auto& sizes = photos_[photo];
    size_t level = 0;  // at which a pixel of the cut covers one to two of the picture
    double shrunk = 1;
    while (level + 1 < sizes.size() && square.side / size >= 2 * shrunk) {
        ++level;
        shrunk *= 2;
    }
    const Picture& from = sizes[level];
    const size_t area = static_cast<size_t>(size) * size;
    std::vector<float> planes(3 * area);
    const double step = square.side / size / shrunk, c = std::cos(square.roll * M_PI / 180) * step,
                 s = std::sin(square.roll * M_PI / 180) * step;
    const double middleX = (square.x + 0.5) / shrunk - 0.5, middleY = (square.y + 0.5) / shrunk - 0.5;
    for (int y = 0; y < size; ++y) {
        for (int x = 0; x < size; ++x) {
            const double u = (mirrored ? size - 1 - x : x) - (size - 1) / 2.0, v = y - (size - 1) / 2.0;
            const auto px = static_cast<float>(std::clamp(middleX + c * u - s * v, 0.0, from.width - 1.001));
            const auto py = static_cast<float>(std::clamp(middleY + s * u + c * v, 0.0, from.height - 1.001));
            const int x0 = static_cast<int>(px), y0 = static_cast<int>(py);
            const float fx = px - static_cast<float>(x0), fy = py - static_cast<float>(y0);
            const uint8_t* top = from.rgb.data() + (static_cast<size_t>(y0) * from.width + x0) * 3;
            const uint8_t* below = top + static_cast<size_t>(from.width) * 3;
            for (size_t k = 0; k < 3; ++k) {
                const float value =
                    (1 - fy) * ((1 - fx) * top[k] + fx * top[k + 3]) + fy * ((1 - fx) * below[k] + fx * below[k + 3]);
                planes[k * area + static_cast<size_t>(y) * size + x] = value / 127.5F - 1;
            }
        }
    }
    return planes;
}

}  // namespace drgan::train
