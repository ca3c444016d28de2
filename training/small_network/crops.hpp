// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <opencv2/core.hpp>
#include <random>

/// The geometry of the aligner's crops: from a picture of a face set to a loose square around a face box.
///
/// Coordinates are in pixels with the middle of the first pixel at 0, as cv::drgan::alignCrop has them: 0.5 of a crop
/// of S pixels is its pixel S/2.
namespace drgan::train {

constexpr int cropSide = 64;        ///< pixels of a crop
constexpr double cropFactor = 1.5;  ///< side of a crop / side of the face box

/// Five landmarks: x,y of right eye, left eye, nose tip, right and left mouth corner ("right" being the subject's).
using Landmarks = std::array<float, 10>;

/// A square that may be rolled.
struct Square {
    double x = 0, y = 0;  ///< centre
    double side = 0;
    double roll = 0;  ///< degrees, positive: its x axis points down to the right
};

/// The box that a detector would draw around a face: cv::drgan::faceSquare(), upright.
Square boxOf(const Landmarks& landmarks);

/// Landmarks of the mirror image of a picture: right and left change places.
Landmarks mirrored(const Landmarks& landmarks, int pictureSide);

/// Landmarks in units of the crop's side.
Landmarks inCrop(const Landmarks& landmarks, const Square& crop);

/// The crop that cv::drgan gives its networks.
/// @return size x size, of the picture's type
cv::Mat cutCrop(const cv::Mat& picture, const Square& crop, int size = cropSide);

/// Something that is no face and no photograph: waves, blobs and noise of random colours.
/// @return CV_32FC3 in [-1,1]
cv::Mat texture(int size, std::mt19937_64& random);

}  // namespace drgan::train
