// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core.hpp>
#include <random>

namespace drgan::train {

/// What training does to a picture before the encoder sees it.
struct Augmentation {
    int shift = 4;                ///< pixels, at most, each way
    double rotation = 4;          ///< degrees, at most, each way
    double zoom = 0.05;           ///< scale within 1 +- zoom
    double light = 0.25;          ///< gain within 1 +- light, offset within +- light/2 of the range
    double grey = 0.1;            ///< share of pictures that lose their colour
    double lowResolution = 0.15;  ///< share of pictures that are made small (by 1.5 to 4) and large again
    double occlusion = 0;         ///< share of pictures of which a rectangle is hidden
    double blur = 0;              ///< share of pictures that are blurred (Gaussian, sigma 0.4 to 1.6 pixels)
    double noise = 0;             ///< share of pictures with noise (Gaussian, sigma 0.01 to 0.12 of [-1,1])
};

/// Changes a picture in place.
/// @param picture CV_32FC3, RGB, square, in [-1,1]
void augment(cv::Mat& picture, const Augmentation& how, std::mt19937_64& random);

}  // namespace drgan::train
