// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TOOLS_CALIBRATION_HPP
#define DRGAN_TOOLS_CALIBRATION_HPP

#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

namespace drgan::tools {

/// A comparison of two people, scaled as if each had a single picture.
struct Comparison {
    double cosine = 0;
    int first = -1;   ///< a person of the gallery
    int second = -1;  ///< another one; -1: a stranger
};

struct Calibration {
    size_t comparisons = 0;
    size_t leastComparisons = 0;       ///< required number
    cv::drgan::Thresholds thresholds;  ///< empty if there were too few comparisons
    double measuredDownTo = 0;         ///< smallest measured false-match rate; below, the bundle's curve is used
    std::vector<Comparison> leftOut;   ///< pairs of people of the gallery who are so similar that they may be one
};

/// Computes thresholds from comparisons of different people: measured ones at false-match rates of 1e-1, 1e-2 and so
/// on, as long as at least leastBehind comparisons are at or above one; below, the bundle's curve, shifted to continue
/// them.
/// @param bundle the bundle's thresholds
Calibration calibrate(std::vector<Comparison> comparisons, const cv::drgan::Thresholds& bundle);
constexpr size_t leastBehind = 10;

}  // namespace drgan::tools

#endif
