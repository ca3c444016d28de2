// SPDX-License-Identifier: Apache-2.0
#include "run/augmentation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "run/random.hpp"

namespace drgan::train {

namespace {

/// Bilinear value at (x, y) in pixels; outside, the border goes on.
float sample(const float* plane, int side, float x, float y) {
    x = std::clamp(x, 0.F, static_cast<float>(side - 1));
    y = std::clamp(y, 0.F, static_cast<float>(side - 1));
    const int x0 = static_cast<int>(x), y0 = static_cast<int>(y);
    const int x1 = std::min(x0 + 1, side - 1), y1 = std::min(y0 + 1, side - 1);
    const float fx = x - static_cast<float>(x0), fy = y - static_cast<float>(y0);
    const float top = plane[y0 * side + x0] * (1 - fx) + plane[y0 * side + x1] * fx;
    const float bottom = plane[y1 * side + x0] * (1 - fx) + plane[y1 * side + x1] * fx;
    return top * (1 - fy) + bottom * fy;
}

void warp(float* planes, int side, double dx, double dy, double degrees, double scale) {
    if (dx == 0 && dy == 0 && degrees == 0 && scale == 1) {
        return;
    }
    const auto c = static_cast<float>(std::cos(degrees * M_PI / 180) / scale);
    const auto s = static_cast<float>(std::sin(degrees * M_PI / 180) / scale);
    const float middle = static_cast<float>(side - 1) / 2;
    const std::vector<float> source(planes, planes + 3 * side * side);
    for (int y = 0; y < side; ++y) {
        for (int x = 0; x < side; ++x) {
            const float u = static_cast<float>(x) - middle - static_cast<float>(dx);
            const float v = static_cast<float>(y) - middle - static_cast<float>(dy);
            for (int k = 0; k < 3; ++k) {
                planes[(k * side + y) * side + x] =
                    sample(source.data() + k * side * side, side, c * u + s * v + middle, -s * u + c * v + middle);
            }
        }
    }
}

void lowerResolution(float* plane, int side, double factor) {
    const int small = std::max(2, static_cast<int>(std::lround(side / factor)));
    const double step = static_cast<double>(side) / small;
    std::vector<float> reduced(static_cast<size_t>(small) * small);
    for (int y = 0; y < small; ++y) {
        for (int x = 0; x < small; ++x) {
            const int x0 = static_cast<int>(x * step), x1 = std::max(x0 + 1, static_cast<int>((x + 1) * step));
            const int y0 = static_cast<int>(y * step), y1 = std::max(y0 + 1, static_cast<int>((y + 1) * step));
            float sum = 0;
            for (int v = y0; v < y1; ++v) {
                for (int u = x0; u < x1; ++u) {
                    sum += plane[v * side + u];
                }
            }
            reduced[static_cast<size_t>(y) * small + x] = sum / static_cast<float>((x1 - x0) * (y1 - y0));
        }
    }
    for (int y = 0; y < side; ++y) {
        for (int x = 0; x < side; ++x) {
            plane[y * side + x] = sample(reduced.data(), small, static_cast<float>((x + 0.5) / step - 0.5),
                                         static_cast<float>((y + 0.5) / step - 0.5));
        }
    }
}

/// Hides a rectangle of up to half the side behind one colour, as a hand, a microphone or a mask does.
void occlude(float* planes, int side, std::mt19937_64& random) {
    const auto width = static_cast<int>(uniform(random, 0.15, 0.5) * side);
    const auto height = static_cast<int>(uniform(random, 0.15, 0.5) * side);
    const auto x = static_cast<int>(uniform(random, 0, side - width));
    const auto y = static_cast<int>(uniform(random, 0, side - height));
    for (int k = 0; k < 3; ++k) {
        const auto value = static_cast<float>(uniform(random, -1, 1));
        for (int row = y; row < y + height; ++row) {
            float* from = planes + (static_cast<size_t>(k) * side + row) * side + x;
            std::fill(from, from + width, value);
        }
    }
}

/// Gaussian, in place; beyond the border the border goes on.
void blur(float* plane, int side, double sigma) {
    const int radius = static_cast<int>(std::ceil(2.5 * sigma));
    std::vector<float> kernel(2 * radius + 1);
    for (int i = -radius; i <= radius; ++i) {
        kernel[i + radius] = static_cast<float>(std::exp(-i * i / (2 * sigma * sigma)));
    }
    const float sum = std::accumulate(kernel.begin(), kernel.end(), 0.F);
    std::vector<float> line(side);
    auto run = [&](float* from, int stride) {
        for (int i = 0; i < side; ++i) {
            float value = 0;
            for (int k = -radius; k <= radius; ++k) {
                value += kernel[k + radius] * from[std::clamp(i + k, 0, side - 1) * stride];
            }
            line[i] = value / sum;
        }
        for (int i = 0; i < side; ++i) {
            from[i * stride] = line[i];
        }
    };
    for (int y = 0; y < side; ++y) {
        run(plane + static_cast<size_t>(y) * side, 1);
    }
    for (int x = 0; x < side; ++x) {
        run(plane + x, side);
    }
}

}  // namespace

void toPlanes(const uint8_t* rgb, int side, bool mirrored, float* planes) {
    for (int y = 0; y < side; ++y) {
        for (int x = 0; x < side; ++x) {
            const uint8_t* from = rgb + (static_cast<size_t>(y) * side + (mirrored ? side - 1 - x : x)) * 3;
            for (int k = 0; k < 3; ++k) {
                planes[(static_cast<size_t>(k) * side + y) * side + x] = static_cast<float>(from[k]) / 127.5F - 1;
            }
        }
    }
}

void appendReduced(const std::vector<float>& planes, int side, int smaller, std::vector<float>& to) {
    const int block = side / smaller;
    for (int row = 0; row < 3 * smaller; ++row) {  // the planes lie below each other
        for (int x = 0; x < smaller; ++x) {
            const float* from = planes.data() + (static_cast<size_t>(row) * side + x) * block;
            float sum = 0;
            for (int dy = 0; dy < block; ++dy) {
                sum = std::accumulate(from + static_cast<size_t>(dy) * side,
                                      from + static_cast<size_t>(dy) * side + block, sum);
            }
            to.push_back(sum / static_cast<float>(block * block));
        }
    }
}

void augment(float* planes, int side, const Augmentation& how, std::mt19937_64& random) {
    const auto area = static_cast<size_t>(side) * side;
    const bool turned = uniform(random, 0, 1) < 0.5;
    const double dx = std::round(uniform(random, -how.shift - 0.5, how.shift + 0.5));
    const double dy = std::round(uniform(random, -how.shift - 0.5, how.shift + 0.5));
    const double angle = uniform(random, -how.rotation, how.rotation);
    const double scale = uniform(random, 1 - how.zoom, 1 + how.zoom);
    // Half of the pictures move by whole pixels only, so that not every one is softened by resampling.
    warp(planes, side, dx, dy, turned ? angle : 0, turned ? scale : 1);
    // Draws for what is switched off are not made: runs from before it existed go on as they began.
    if (how.blur > 0 && uniform(random, 0, 1) < how.blur) {
        const double sigma = uniform(random, 0.4, 1.6);
        for (int k = 0; k < 3; ++k) {
            blur(planes + k * area, side, sigma);
        }
    }
    if (uniform(random, 0, 1) < how.lowResolution) {
        const double factor = uniform(random, 1.5, 4);
        for (int k = 0; k < 3; ++k) {
            lowerResolution(planes + k * area, side, factor);
        }
    }
    if (uniform(random, 0, 1) < how.grey) {
        for (size_t i = 0; i < area; ++i) {
            const float grey = 0.299F * planes[i] + 0.587F * planes[area + i] + 0.114F * planes[2 * area + i];
            planes[i] = planes[area + i] = planes[2 * area + i] = grey;
        }
    }
    if (uniform(random, 0, 1) < how.occlusion) {
        occlude(planes, side, random);
    }
    const auto gain = static_cast<float>(uniform(random, 1 - how.light, 1 + how.light));
    const auto offset = static_cast<float>(uniform(random, -how.light, how.light));
    for (size_t i = 0; i < 3 * area; ++i) {
        planes[i] = std::clamp(planes[i] * gain + offset, -1.F, 1.F);
    }
    if (how.noise > 0 && uniform(random, 0, 1) < how.noise) {
        std::normal_distribution<float> noise(0, static_cast<float>(uniform(random, 0.01, 0.12)));
        for (size_t i = 0; i < 3 * area; ++i) {
            planes[i] = std::clamp(planes[i] + noise(random), -1.F, 1.F);
        }
    }
}

}  // namespace drgan::train
