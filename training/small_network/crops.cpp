// SPDX-License-Identifier: Apache-2.0
#include "small_network/crops.hpp"

#include <algorithm>
#include <cmath>

#include "opencv2/drgan/model_contract.hpp"
#include "run/random.hpp"

namespace drgan::train {

namespace contract = cv::drgan::contract;

namespace {

constexpr int mostSamples = 4;     // a crop pixel is the mean of up to this many samples squared
constexpr double blurredAt = 0.2;  // of the picture's side: so far outside, nothing but blur is left

struct Point {
    double x, y;
};

/// From a crop's coordinates, in units of its side from its middle, to the picture's.
class Rolled {
public:
    explicit Rolled(const Square& crop)
        : crop_(crop), c_(std::cos(crop.roll * M_PI / 180)), s_(std::sin(crop.roll * M_PI / 180)) {}
    Point toPicture(double u, double v) const {
        return {crop_.x + crop_.side * (c_ * u - s_ * v), crop_.y + crop_.side * (s_ * u + c_ * v)};
    }
    Point toCrop(double x, double y) const {
        const double dx = (x - crop_.x) / crop_.side, dy = (y - crop_.y) / crop_.side;
        return {c_ * dx + s_ * dy, -s_ * dx + c_ * dy};
    }

private:
    Square crop_;
    double c_, s_;
};

/// Place in [0, last] where a coordinate finds itself in the picture's mirror images.
double folded(double x, double last) {
    const double t = std::fmod(std::abs(x), 2 * last);
    return t > last ? 2 * last - t : t;
}

/// Mean over a window around each pixel that ends at the border, along one axis.
void average(float* from, int size, int stride, int reach, std::vector<float>& sums) {
    sums.assign(static_cast<size_t>(size) + 1, 0);
    for (int i = 0; i < size; ++i) {
        sums[i + 1] = sums[i] + from[static_cast<size_t>(i) * stride];
    }
    for (int i = 0; i < size; ++i) {
        const int first = std::max(0, i - reach), end = std::min(size, i + reach + 1);
        from[static_cast<size_t>(i) * stride] = (sums[end] - sums[first]) / static_cast<float>(end - first);
    }
}

/// @param outside [size x size] how much of the blurred picture each pixel gets, 0 to 1
void blurOutside(std::vector<float>& planes, int size, const std::vector<float>& outside) {
    std::vector<float> blurred = planes, sums;
    const size_t area = static_cast<size_t>(size) * size;
    const int reach = std::max(1, size / 8);  // windows of a quarter of the side
    for (int pass = 0; pass < 2; ++pass) {
        for (int line = 0; line < 3 * size; ++line) {
            average(blurred.data() + static_cast<size_t>(line) * size, size, 1, reach, sums);
        }
        for (int k = 0; k < 3; ++k) {
            for (int x = 0; x < size; ++x) {
                average(blurred.data() + k * area + x, size, size, reach, sums);
            }
        }
    }
    for (size_t i = 0; i < area; ++i) {
        for (int k = 0; k < 3; ++k) {
            planes[k * area + i] += outside[i] * (blurred[k * area + i] - planes[k * area + i]);
        }
    }
}

}  // namespace

Square boxOf(const Landmarks& p) {
    const Point eyes{(p[0] + p[2]) / 2, (p[1] + p[3]) / 2}, mouth{(p[6] + p[8]) / 2, (p[7] + p[9]) / 2};
    constexpr double apart = contract::boxMouthY - contract::boxEyesY;  // of the box's side
    constexpr double toMiddle = (0.5 - contract::boxEyesY) / apart;     // of the way from the eyes to the mouth
    return {eyes.x + toMiddle * (mouth.x - eyes.x), eyes.y + toMiddle * (mouth.y - eyes.y),
            std::hypot(mouth.x - eyes.x, mouth.y - eyes.y) / apart, 0};
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
    const Rolled rolled(crop);
    Landmarks result{};
    for (int i = 0; i < 5; ++i) {
        const Point p = rolled.toCrop(landmarks[2 * i], landmarks[2 * i + 1]);
        result[2 * i] = static_cast<float>(0.5 + p.x);
        result[2 * i + 1] = static_cast<float>(0.5 + p.y);
    }
    return result;
}

std::vector<float> cutCrop(const std::vector<float>& planes, int side, const Square& crop, int size) {
    const Rolled rolled(crop);
    const size_t area = static_cast<size_t>(side) * side, cropArea = static_cast<size_t>(size) * size;
    std::vector<float> result(3 * cropArea, 0);
    std::vector<float> outside(cropArea);
    bool any = false;
    const int n = std::clamp(static_cast<int>(std::ceil(crop.side / size)), 1, mostSamples);
    const double last = side - 1;
    const float share = 1.F / static_cast<float>(n * n);
    for (int y = 0; y < size; ++y) {
        for (int x = 0; x < size; ++x) {
            const size_t at = static_cast<size_t>(y) * size + x;
            float sum[3] = {0, 0, 0};
            for (int k = 0; k < n * n; ++k) {
                const double u = x + (k % n + 0.5) / n - 0.5, v = y + (k / n + 0.5) / n - 0.5;  // in crop pixels
                const Point p = rolled.toPicture(u / size - 0.5, v / size - 0.5);
                const double px = folded(p.x, last), py = folded(p.y, last);
                const int x0 = std::min(static_cast<int>(px), side - 2), y0 = std::min(static_cast<int>(py), side - 2);
                const auto fx = static_cast<float>(px - x0), fy = static_cast<float>(py - y0);
                const float* from = planes.data() + static_cast<size_t>(y0) * side + x0;
                for (float& to : sum) {
                    to += (1 - fy) * ((1 - fx) * from[0] + fx * from[1]) +
                          fy * ((1 - fx) * from[side] + fx * from[side + 1]);
                    from += area;
                }
            }
            for (int k = 0; k < 3; ++k) {
                result[k * cropArea + at] = sum[k] * share;
            }
            const Point p = rolled.toPicture(static_cast<double>(x) / size - 0.5, static_cast<double>(y) / size - 0.5);
            const double beyond = std::max({0.0, -p.x, -p.y, p.x - last, p.y - last}) / (blurredAt * side);
            outside[at] = static_cast<float>(std::min(1.0, beyond));
            any = any || beyond > 0;
        }
    }
    if (any) {
        blurOutside(result, size, outside);
    }
    return result;
}

std::vector<float> texture(int size, std::mt19937_64& random) {
    const size_t area = static_cast<size_t>(size) * size;
    std::vector<float> result(3 * area);
    for (int k = 0; k < 3; ++k) {
        std::fill_n(result.begin() + static_cast<std::ptrdiff_t>(k * area), area,
                    static_cast<float>(uniform(random, -1, 1)));
    }
    const int layers = static_cast<int>(uniform(random, 1, 7));
    for (int layer = 0; layer < layers; ++layer) {
        const bool isWave = chance(0.5, random);
        const double angle = uniform(random, 0, 2 * M_PI), phase = uniform(random, 0, 2 * M_PI);
        const double length = size * std::pow(2, uniform(random, -4, 1));  // of a wave, or a blob's radius
        const double cx = uniform(random, 0, size), cy = uniform(random, 0, size), flat = uniform(random, 0.4, 1);
        float colour[3];
        for (float& c : colour) {
            c = static_cast<float>(uniform(random, -1, 1));
        }
        for (size_t i = 0; i < area; ++i) {
            const auto x = static_cast<double>(i % size), y = static_cast<double>(i / size);
            const double along = x * std::cos(angle) + y * std::sin(angle);
            const double dx = (x - cx) / length, dy = (y - cy) / (length * flat);
            const auto value = static_cast<float>(isWave ? std::sin(2 * M_PI * along / length + phase)
                                                         : 1 / (1 + std::exp(6 * (dx * dx + dy * dy - 1))));
            for (int k = 0; k < 3; ++k) {
                result[k * area + i] += value * colour[k];
            }
        }
    }
    std::normal_distribution<float> noise(0, static_cast<float>(uniform(random, 0.001, 0.5)));
    for (float& value : result) {
        value = std::clamp(value + noise(random), -1.F, 1.F);
    }
    return result;
}

}  // namespace drgan::train
