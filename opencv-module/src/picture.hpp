// SPDX-License-Identifier: Apache-2.0
//
// Pictures as arguments.

#ifndef OPENCV_DRGAN_PICTURE_HPP
#define OPENCV_DRGAN_PICTURE_HPP

#include "precomp.hpp"

namespace cv {
namespace drgan {

/// The picture behind an argument. @param name how the message calls it
/// @throws cv::Exception unless it is 8-bit with 1 (grey), 3 (BGR) or 4 (BGRA) channels
Mat picture8u(InputArray picture, const char* name);

/// The same as BGR: the picture itself where it has 3 channels.
Mat pictureBgr(InputArray picture, const char* name);

}  // namespace drgan
}  // namespace cv

#endif
