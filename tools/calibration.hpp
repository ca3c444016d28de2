// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TOOLS_CALIBRATION_HPP
#define DRGAN_TOOLS_CALIBRATION_HPP

#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

namespace drgan::tools {

/// A comparison of two people, as if each had a single picture.
struct Comparison {
    double cosine = 0;
    int first = -1;   ///< a person of the gallery
    int second = -1;  ///< another one; -1: a stranger
};

struct Calibration {
    size_t comparisons = 0;
    size_t leastComparisons = 0;       ///< that it takes
    cv::drgan::Thresholds thresholds;  ///< empty: there were too few
    double measuredDownTo = 0;  ///< the least false-match rate that was measured; below, the bundle's shape counts
    std::vector<Comparison> leftOut;  ///< of two people of the gallery, so alike that they may be one
};

/// Thresholds from comparisons of different people: measured ones at false-match rates of 1e-1, 1e-2 and so on, as far
/// as leastBehind comparisons are at or above one; below, the bundle's curve, moved to where they end.
/// @param bundle its thresholds
Calibration calibrate(std::vector<Comparison> comparisons, const cv::drgan::Thresholds& bundle);
constexpr size_t leastBehind = 10;

}  // namespace drgan::tools

#endif
