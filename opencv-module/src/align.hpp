// SPDX-License-Identifier: Apache-2.0
//
// A face by the two points that it is aligned by, and what that says of its box.

#ifndef OPENCV_DRGAN_ALIGN_HPP
#define OPENCV_DRGAN_ALIGN_HPP

#include <string>

#include "precomp.hpp"

namespace cv {
namespace drgan {

// Coordinates beyond this are no picture's; it also keeps warpAffine's fixed-point arithmetic (x 1024) within int.
constexpr double maxCoordinate = 1e6;
// Closer than this (pixels), eyes and mouth do not say which way the face is turned.
constexpr double minEyeMouth = 0.5;

// Rows that stand for a face. All begin with x, y, w, h.
constexpr int boxValues = 4;        // no more than that
constexpr int detectorValues = 15;  // five points x,y and a score, as of FaceDetectorYN
constexpr int alignerValues = 16;   // the same and the yaw, as of Aligner

/// In pixels.
struct FacePoints {
    Point2d eyes;   ///< midpoint
    Point2d mouth;  ///< midpoint of the corners
    Point2d nose;   ///< tip; meaningless if the face came as a box
};

/// @param p five points x,y: right eye, left eye, nose tip, right and left mouth corner
FacePoints pointsOf(const double* p);

/// The face in a row of boxValues, detectorValues or alignerValues. A box has its points where they lie on average in a
/// detector's box of that larger side; rows with landmarks have their own, and their box is not looked at.
/// @param name how messages call the row
/// @throws cv::Exception for what is not finite or not within maxCoordinate, a box below 1 x 1, points that are nearer
/// to each other than minEyeMouth
FacePoints readRow(const double* values, int count, const std::string& name);

}  // namespace drgan
}  // namespace cv

#endif
