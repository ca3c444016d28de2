// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_FACE_CROP_HPP
#define DRGAN_CORE_FACE_CROP_HPP

#include <opencv2/drgan.hpp>

#include "face.hpp"
#include "frame_view.hpp"

namespace drgan {

/// Whether cv::drgan can align the face: its coordinates are finite and within a million pixels, and it has a size.
bool alignable(const Face& face);

/// The aligned face that the encoder takes, SxS, 8-bit BGR.
/// @param face an alignable one
cv::Mat alignFace(const cv::drgan::Encoder& encoder, const FrameView& frame, const Face& face);

/// A small grey picture of the face, to compare with another one without the encoder: the scalar product of the two is
/// their correlation, in [-1, 1], and a change of light only leaves it near 1.
/// @return 1xN CV_32F
cv::Mat glimpse(const FrameView& frame, const Face& face);

}  // namespace drgan

#endif
