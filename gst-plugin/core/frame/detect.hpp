// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_DETECT_HPP
#define DRGAN_CORE_DETECT_HPP

#include <opencv2/drgan.hpp>
#include <vector>

#include "face.hpp"
#include "frame_view.hpp"

namespace drgan {

/// Detects the faces of a frame.
/// @param size pixels: a frame whose longer side is above it is scaled down to that
/// @param minFaceSize smaller faces are left out, longer side of the box in pixels of the frame
/// @return boxes and landmarks in pixels of the frame
std::vector<Face> detect(cv::drgan::FaceFinder& finder, const FrameView& frame, int size, float minFaceSize);

}  // namespace drgan

#endif
