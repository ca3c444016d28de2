// SPDX-License-Identifier: Apache-2.0
#ifndef OPENCV_DRGAN_SRC_THRESHOLDS_HPP
#define OPENCV_DRGAN_SRC_THRESHOLDS_HPP

#include <string>

#include "precomp.hpp"

namespace cv {
namespace drgan {

constexpr size_t minThresholds = 2;  ///< to draw a line
constexpr size_t maxThresholds = 64;

/// The factor by which cosines to strangers grow if an embedding is fused from n pictures instead of one. Random
/// variation of single pictures has the share `fusedAway` of an embedding's squared norm, and fusion reduces it.
/// docs/gallery.md describes the measurement. @param images n, at least 1
double fusionGain(int images);
constexpr double fusedAway = 0.118;

/// What is wrong with them, "got this, expected that"; empty if nothing is wrong or there are none.
std::string thresholdsFault(const Thresholds& thresholds);

/// See Gallery::namingThreshold. @param own the gallery's thresholds @param people number of people in the gallery
double namingThreshold(const NamingRule& rule, const Thresholds& own, int people, int images, int personImages);

}  // namespace drgan
}  // namespace cv

#endif
