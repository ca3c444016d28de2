// SPDX-License-Identifier: Apache-2.0
#include "small_network/scene.hpp"

#include <algorithm>
#include <cmath>

#include "run/augmentation.hpp"

namespace drgan::train {

namespace {

/// Bilinear; (x, y) lies within the picture.
float at(const float* plane, int side, double x, double y) {
    const int x0 = std::min(static_cast<int>(x), side - 2), y0 = std::min(static_cast<int>(y), side - 2);
    const auto fx = static_cast<float>(x - x0), fy = static_cast<float>(y - y0);
    const float* p = plane + static_cast<size_t>(y0) * side + x0;
    return (1 - fy) * ((1 - fx) * p[0] + fx * p[1]) + fy * ((1 - fx) * p[side] + fx * p[side + 1]);
}

/// Share of the piece at (u, v), in units of half its side from its middle.
float opacity(const Mask& mask, double u, double v) {
    const double out =
        std::pow(std::pow(std::abs(u / mask.reach), mask.round) + std::pow(std::abs(v / mask.reach), mask.round),
                 1 / mask.round);  // 1 on the outline
    const double t = std::clamp((1 - out) / mask.fade, 0.0, 1.0);
    return static_cast<float>(t * t * (3 - 2 * t));  // without a kink at either end
}

}  // namespace

void Scene::put(const std::vector<float>& piece, int pieceSide, const Square& place, const Mask& mask) {
    std::vector<float> reduced;
    int from = pieceSide;
    while (from % 2 == 0 && from >= 4 && from >= 2 * place.side) {  // no pixel is left out of the mean
        std::vector<float> half;
        appendReduced(reduced.empty() ? piece : reduced, from, from / 2, half);
        reduced = std::move(half);
        from /= 2;
    }
    const std::vector<float>& source = reduced.empty() ? piece : reduced;
    const size_t area = static_cast<size_t>(side_) * side_, sourceArea = static_cast<size_t>(from) * from;
    const double c = std::cos(place.roll * M_PI / 180), s = std::sin(place.roll * M_PI / 180);
    const double reach = place.side * M_SQRT1_2;
    const int left = std::max(0, static_cast<int>(place.x - reach)),
              top = std::max(0, static_cast<int>(place.y - reach));
    const int right = std::min(side_ - 1, static_cast<int>(place.x + reach) + 1);
    const int bottom = std::min(side_ - 1, static_cast<int>(place.y + reach) + 1);
    for (int y = top; y <= bottom; ++y) {
        for (int x = left; x <= right; ++x) {
            const double dx = (x - place.x) / place.side, dy = (y - place.y) / place.side;
            const double u = c * dx + s * dy, v = -s * dx + c * dy;  // in units of the side, from the middle
            const double px = (u + 0.5) * from - 0.5, py = (v + 0.5) * from - 0.5;
            if (px < 0 || py < 0 || px > from - 1 || py > from - 1) {
                continue;
            }
            const float share = opacity(mask, 2 * u, 2 * v);
            if (share <= 0) {
                continue;
            }
            for (size_t k = 0; k < 3; ++k) {
                float& to = planes_[k * area + static_cast<size_t>(y) * side_ + x];
                to += share * (at(source.data() + k * sourceArea, from, px, py) - to);
            }
        }
    }
}

void Scene::putFace(const std::vector<float>& piece, int pieceSide, const Landmarks& landmarks, const Square& place,
                    const Mask& mask) {
    put(piece, pieceSide, place, mask);
    const double c = std::cos(place.roll * M_PI / 180), s = std::sin(place.roll * M_PI / 180);
    Landmarks moved{};
    for (int i = 0; i < 10; i += 2) {
        const double u = (landmarks[i] + 0.5) / pieceSide - 0.5, v = (landmarks[i + 1] + 0.5) / pieceSide - 0.5;
        moved[i] = static_cast<float>(place.x + place.side * (c * u - s * v));
        moved[i + 1] = static_cast<float>(place.y + place.side * (s * u + c * v));
    }
    faces_.push_back(moved);
}

void sharpen(std::vector<float>& planes, int side, float amount) {
    const std::vector<float> source = planes;
    const size_t area = static_cast<size_t>(side) * side;
    for (size_t k = 0; k < 3; ++k) {
        for (int y = 1; y + 1 < side; ++y) {
            for (int x = 1; x + 1 < side; ++x) {
                const float* p = source.data() + k * area + static_cast<size_t>(y) * side + x;
                float sum = 0;
                for (int v = -side; v <= side; v += side) {
                    sum += p[v - 1] + p[v] + p[v + 1];
                }
                planes[k * area + static_cast<size_t>(y) * side + x] =
                    std::clamp(*p + amount * (*p - sum / 9), -1.F, 1.F);
            }
        }
    }
}

}  // namespace drgan::train
