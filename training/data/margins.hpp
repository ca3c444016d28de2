// SPDX-License-Identifier: Apache-2.0
//
// Face crops that reach over their picture's border come with its last line repeated outwards, as streaks.

#pragma once

#include <opencv2/core.hpp>

namespace drgan::data {

/// The part of a crop without the streaks: at each side, lines that repeat the same uneven line are left out, at most
/// half of the crop. An even line (a plain wall) is no streak.
/// @param crop 8-bit, BGR
cv::Rect withoutStreaks(const cv::Mat& crop);

}  // namespace drgan::data
