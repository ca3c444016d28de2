// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLMENT_PICTURE_FILE_HPP
#define DRGAN_ENROLMENT_PICTURE_FILE_HPP

#include <opencv2/core.hpp>
#include <string>

namespace drgan::enrolment {

/// A picture from a file, rotated upright by the file's orientation tag.
struct Picture {
    cv::Mat pixels;       ///< 8-bit BGR
    int orientation = 1;  ///< Exif's number, 1 to 8: how the stored pixels were rotated or mirrored; 1: not at all
};

/// Whether a file is a still picture, by its first bytes or because OpenCV can read it. Other files may be videos.
bool isPicture(const std::string& file);

/// Reads a still picture: JPEG, PNG, WebP, BMP, TIFF, and whatever else OpenCV reads. 16-bit values are reduced to 8.
/// @throws std::runtime_error that says what is wrong and what to do: the file is cut off, animated, of an unsupported
/// kind, or OpenCV would read its colours wrongly
Picture readPicture(const std::string& file);

/// @param orientation Exif's number
/// @return the number for that orientation followed by `turns` quarter turns clockwise
int turned(int orientation, int turns);

/// Rotates and mirrors stored pixels upright. @param orientation Exif's number
void makeUpright(cv::Mat& pixels, int orientation);

}  // namespace drgan::enrolment

#endif
