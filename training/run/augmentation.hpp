// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <vector>

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

/// Writes an interleaved RGB picture as 3 planes in [-1,1], mirrored left to right if asked.
void toPlanes(const uint8_t* rgb, int side, bool mirrored, float* planes);

/// Appends the 3 planes of a picture, reduced from `side` to `smaller`, a divisor of it, by averaging.
void appendReduced(const std::vector<float>& planes, int side, int smaller, std::vector<float>& to);

/// Changes planes in [-1,1] in place, as `how` says.
void augment(float* planes, int side, const Augmentation& how, std::mt19937_64& random);

}  // namespace drgan::train
