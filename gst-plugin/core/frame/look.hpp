// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_LOOK_HPP
#define DRGAN_CORE_LOOK_HPP

#include <opencv2/drgan.hpp>
#include <vector>

#include "face.hpp"
#include "frame_view.hpp"

namespace drgan {

/// Whether cv::drgan takes the face: its numbers are finite and within a million pixels, and it has a size.
bool alignable(const Face& face);

/// What a detector finds in the frame, scaled down to the size that it works on. Boxes and points in pixels of the
/// frame.
/// @param minFaceSize smaller faces are left out, longer side of the box in pixels of the frame
std::vector<Face> detect(cv::drgan::FaceFinder& finder, const FrameView& frame, float minFaceSize);

/// The face cut out for the encoder, SxS, 8-bit BGR.
/// @param face an alignable one
cv::Mat alignFace(const cv::drgan::Encoder& encoder, const FrameView& frame, const Face& face);

/// What is cheap to see of a face, to be compared with another glimpse by their scalar product: the correlation of two
/// small pictures, in [-1, 1], which a change of light alone leaves near 1.
/// @return 1xN CV_32F
cv::Mat glimpse(const FrameView& frame, const Face& face);

}  // namespace drgan

#endif
