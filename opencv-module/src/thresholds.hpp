// SPDX-License-Identifier: Apache-2.0
#ifndef OPENCV_DRGAN_SRC_THRESHOLDS_HPP
#define OPENCV_DRGAN_SRC_THRESHOLDS_HPP

#include <string>

#include "precomp.hpp"

namespace cv {
namespace drgan {

constexpr size_t minThresholds = 2;  ///< a line needs two
constexpr size_t maxThresholds = 64;

/// What the cosines to strangers grow by where an embedding is fused of n pictures of one person in place of one: what
/// is left of the pictures' own share of its square, `fusedAway`, falls with their number. docs/gallery.md has how it
/// was measured. @param images at least 1
double fusionGain(int images);
constexpr double fusedAway = 0.118;

/// What is wrong with them, "got this, expected that"; empty if nothing is, as of none at all.
std::string thresholdsFault(const Thresholds& thresholds);

/// As Gallery::namingThreshold has it. @param own the gallery's thresholds @param people in it
double namingThreshold(const NamingRule& rule, const Thresholds& own, int people, int images, int personImages);

}  // namespace drgan
}  // namespace cv

#endif
