// SPDX-License-Identifier: Apache-2.0
#ifndef OPENCV_DRGAN_SRC_THRESHOLDS_HPP
#define OPENCV_DRGAN_SRC_THRESHOLDS_HPP

#include <string>

#include "precomp.hpp"

namespace cv {
namespace drgan {

constexpr size_t minThresholds = 2;  ///< a line needs two
constexpr size_t maxThresholds = 64;

/// What is wrong with them, "got this, expected that"; empty if nothing is, as of none at all.
std::string thresholdsFault(const Thresholds& thresholds);

}  // namespace drgan
}  // namespace cv

#endif
