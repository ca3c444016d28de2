// SPDX-License-Identifier: Apache-2.0
//
// Where a face is in a picture, and how a crop around it is cut: what the models are run with, and trained with.

#ifndef OPENCV_DRGAN_FACE_GEOMETRY_HPP
#define OPENCV_DRGAN_FACE_GEOMETRY_HPP

#include <opencv2/core.hpp>

namespace cv {
namespace drgan {

//! @addtogroup drgan
//! @{

/// The square that a detector's box stands for, rotated with the face. Pixels; pixel centres lie at whole numbers.
struct FaceSquare {
    Point2d center;
    double side = 0;
    Point2d down = {0, 1};  ///< unit vector in the face's direction from the eyes to the mouth
};

/** @brief The square in whose upright position eyes and mouth lie where they lie on average in a detector's box
(contract::boxEyesY and contract::boxMouthY).
@param eyes midpoint of the eyes
@param mouth midpoint of the corners of the mouth; not the same point
*/
CV_EXPORTS FaceSquare faceSquare(const Point2d& eyes, const Point2d& mouth);

/** @brief The similarity that takes a crop's pixels to those of the picture.

A point at x, y of the square's side (0..1 from its left and top edge) is the crop's pixel x * size, y * size.

@param square in the picture
@param size width and height of the crop, pixels
*/
CV_EXPORTS Matx23d cropTransform(const FaceSquare& square, int size);

/** @brief Cuts a square crop with bilinear interpolation; where the crop reduces the picture, pixels are averaged.

Outside the picture, the crop shows the picture mirrored at its border and blurred, which is no second face and no
streak.

@param picture 1, 3 or 4 channels, 8-bit or float
@param cropToPicture a similarity, such as cropTransform()
@param size width and height of the crop, pixels
@return size x size, 3 channels, of the picture's depth
*/
CV_EXPORTS Mat cropSquare(const Mat& picture, const Matx23d& cropToPicture, int size);

//! @}

}  // namespace drgan
}  // namespace cv

#endif
