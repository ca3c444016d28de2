// SPDX-License-Identifier: Apache-2.0
//
// Drawn pictures with known landmarks.

#ifndef DRGAN_TESTS_SUPPORT_PICTURES_HPP
#define DRGAN_TESTS_SUPPORT_PICTURES_HPP

#include <opencv2/core.hpp>

namespace drgan_test {

struct DrawnFace {
    cv::Mat picture;    ///< BGR, 8-bit
    cv::Mat landmarks;  ///< 5x2 CV_32F: right eye, left eye, nose tip, right and left mouth corner, pixels
    cv::Rect box;       ///< around the face
};

/// Draws a face (oval, eyes, nose, mouth) on a textured background. For tests that pass landmarks themselves; a face
/// detector does not detect it.
/// @param center of the face, pixels
/// @param faceSize height of the face, pixels
/// @param rollDegrees positive turns it clockwise
/// @param person a seed of colours and proportions
DrawnFace drawFace(cv::Size size, cv::Point2f center, float faceSize, float rollDegrees = 0, int person = 0);

/// Random bytes, the same on every machine for the same seed.
cv::Mat noisePicture(cv::Size size, int type, unsigned seed);

}  // namespace drgan_test

#endif
