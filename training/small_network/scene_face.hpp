// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <opencv2/core.hpp>

#include "small_network/crops.hpp"

namespace drgan::train {

/// A face in a picture, pixels.
struct SceneFace {
    Landmarks landmarks{};
    cv::Rect2d box;
    bool sure = true;  ///< false: perhaps there is one, of about this size; nothing is learned there
};

/// The larger side of its box, pixels.
inline double sideOf(const SceneFace& face) { return std::max(face.box.width, face.box.height); }

/// The box that YuNet draws around a face with these landmarks: about the skin, and narrower than high.
cv::Rect2d tightBox(const Landmarks& landmarks);

}  // namespace drgan::train
