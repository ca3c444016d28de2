// SPDX-License-Identifier: Apache-2.0
#include "run/augmentation.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "run/picture.hpp"
#include "run/random.hpp"

namespace drgan::train {

namespace {

void warp(cv::Mat& picture, double dx, double dy, double degrees, double scale) {
    if (dx == 0 && dy == 0 && degrees == 0 && scale == 1) {
        return;
    }
    const double c = std::cos(degrees * CV_PI / 180) / scale, s = std::sin(degrees * CV_PI / 180) / scale;
    const double middle = (picture.cols - 1) / 2.0, u = -middle - dx, v = -middle - dy;
    const cv::Matx23d toSource(c, s, c * u + s * v + middle, -s, c, -s * u + c * v + middle);
    cv::Mat warped;
    cv::warpAffine(picture, warped, toSource, picture.size(), cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                   cv::BORDER_REPLICATE);
    picture = warped;
}

void lowerResolution(cv::Mat& picture, double factor) {
    const int side = std::max(2, cvRound(picture.cols / factor));
    cv::Mat small;
    cv::resize(picture, small, {side, side}, 0, 0, cv::INTER_AREA);
    cv::resize(small, picture, picture.size(), 0, 0, cv::INTER_LINEAR);
}

/// Hides a rectangle of up to half the side behind one colour, as a hand, a microphone or a mask does.
void occlude(cv::Mat& picture, std::mt19937_64& random) {
    const int side = picture.cols;
    const auto width = static_cast<int>(uniform(random, 0.15, 0.5) * side);
    const auto height = static_cast<int>(uniform(random, 0.15, 0.5) * side);
    const auto x = static_cast<int>(uniform(random, 0, side - width));
    const auto y = static_cast<int>(uniform(random, 0, side - height));
    cv::Scalar colour;
    for (int k = 0; k < 3; ++k) {
        colour[k] = uniform(random, -1, 1);
    }
    picture(cv::Rect(x, y, width, height)).setTo(colour);
}

}  // namespace

void augment(cv::Mat& picture, const Augmentation& how, std::mt19937_64& random) {
    const bool turned = uniform(random, 0, 1) < 0.5;
    const double dx = std::round(uniform(random, -how.shift - 0.5, how.shift + 0.5));
    const double dy = std::round(uniform(random, -how.shift - 0.5, how.shift + 0.5));
    const double angle = uniform(random, -how.rotation, how.rotation);
    const double scale = uniform(random, 1 - how.zoom, 1 + how.zoom);
    // Half of the pictures move by whole pixels only, so that not every one is softened by resampling.
    warp(picture, dx, dy, turned ? angle : 0, turned ? scale : 1);
    // Draws for what is switched off are not made: runs from before it existed go on as they began.
    if (how.blur > 0 && uniform(random, 0, 1) < how.blur) {
        cv::GaussianBlur(picture, picture, cv::Size(), uniform(random, 0.4, 1.6), 0, cv::BORDER_REPLICATE);
    }
    if (uniform(random, 0, 1) < how.lowResolution) {
        lowerResolution(picture, uniform(random, 1.5, 4));
    }
    if (uniform(random, 0, 1) < how.grey) {
        cv::Mat grey;
        cv::cvtColor(picture, grey, cv::COLOR_RGB2GRAY);
        cv::cvtColor(grey, picture, cv::COLOR_GRAY2RGB);
    }
    if (uniform(random, 0, 1) < how.occlusion) {
        occlude(picture, random);
    }
    const double gain = uniform(random, 1 - how.light, 1 + how.light);
    picture.convertTo(picture, -1, gain, uniform(random, -how.light, how.light));
    clamp(picture);
    if (how.noise > 0 && uniform(random, 0, 1) < how.noise) {
        const double deviation = uniform(random, 0.01, 0.12);
        cv::Mat noise(picture.size(), picture.type());
        cv::RNG(random()).fill(noise, cv::RNG::NORMAL, 0, deviation);
        picture += noise;
        clamp(picture);
    }
}

}  // namespace drgan::train
