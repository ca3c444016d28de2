// SPDX-License-Identifier: Apache-2.0
//
// Shared by the sources of cv::drgan; not installed.

#ifndef OPENCV_DRGAN_PRECOMP_HPP
#define OPENCV_DRGAN_PRECOMP_HPP

#include <cfloat>
#include <opencv2/core.hpp>
#include <opencv2/drgan.hpp>
#include <opencv2/drgan/model_contract.hpp>
#include <string>

namespace cv {
namespace drgan {

/// If the sum of confidences is at or below this, the plain mean is used. FLT_MIN: any normal float counts as a
/// confidence.
constexpr double tinyTotalConfidence = FLT_MIN;

/// The input as a matrix of two dimensions that shares its memory. A std::vector, for which OpenCV 5 has a matrix of
/// one dimension, becomes one row, as in OpenCV 4.
Mat matrix(InputArray input);

/// A description for messages: "CV_32FC1 of 1 rows x 15 columns".
std::string describe(const Mat& m);

/// Advice for messages about 16-bit pictures; empty for other pictures.
const char* depthHint(const Mat& picture);

/// Copies an embedding to a 1xNf CV_32F row, after checking its type and shape and that all values are finite.
/// @param name names it in messages
/// @param length required Nf; 0: any length >= 1
Mat embeddingRow(InputArray embedding, const char* name, int length = 0);

}  // namespace drgan
}  // namespace cv

#endif
