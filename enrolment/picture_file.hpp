// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLMENT_PICTURE_FILE_HPP
#define DRGAN_ENROLMENT_PICTURE_FILE_HPP

#include <opencv2/core.hpp>
#include <string>

namespace drgan::enrolment {

/// A picture as a file holds it, made upright as its orientation tag says.
struct Picture {
    cv::Mat pixels;       ///< 8-bit BGR
    int orientation = 1;  ///< Exif's number, 1 to 8: what was done to the stored pixels, 1 being nothing
};

/// Whether a file is a still picture by its first bytes, or one by OpenCV's word: what readPicture() has to do with.
/// One that is none may be a video.
bool isPicture(const std::string& file);

/// Reads a still picture: JPEG, PNG, WebP, BMP, TIFF, and whatever else OpenCV reads. 16-bit values are reduced to 8.
/// @throws std::runtime_error saying what is wrong and what to do: cut off, animated, of a kind that is not read or
/// whose colours would be wrong
Picture readPicture(const std::string& file);

/// @param orientation Exif's number
/// @return the number of first that and then `turns` quarter turns clockwise
int turned(int orientation, int turns);

/// Makes stored pixels upright. @param orientation Exif's number
void makeUpright(cv::Mat& pixels, int orientation);

}  // namespace drgan::enrolment

#endif
