// SPDX-License-Identifier: Apache-2.0
//
// Cuts turned squares out of pictures, for whatever looks at a face.

#ifndef OPENCV_DRGAN_CROP_HPP
#define OPENCV_DRGAN_CROP_HPP

#include "precomp.hpp"

namespace cv {
namespace drgan {

/// The picture behind an argument. @param name how the message calls it
/// @throws cv::Exception unless it is 8-bit with 1 (grey), 3 (BGR) or 4 (BGRA) channels
Mat picture8u(InputArray picture, const char* name);

/// The same as BGR: the picture itself where it has 3 channels.
Mat pictureBgr(InputArray picture, const char* name);

/// Cuts a square of size x size pixels, BGR, 8-bit. Where it shrinks, it averages; what lies outside the picture is the
/// picture mirrored at its border and blurred.
/// @param picture as picture8u() gives it
/// @param cropToPicture a similarity; pixel centres lie at whole numbers on both sides, as in warpAffine
Mat cropSquare(const Mat& picture, const Matx23d& cropToPicture, int size);

}  // namespace drgan
}  // namespace cv

#endif
