// SPDX-License-Identifier: Apache-2.0
//
// Shared by the sources of cv::drgan, not installed.

#ifndef OPENCV_DRGAN_PRECOMP_HPP
#define OPENCV_DRGAN_PRECOMP_HPP

#include <cfloat>
#include <opencv2/core.hpp>
#include <opencv2/drgan.hpp>
#include <opencv2/drgan/model_contract.hpp>
#include <string>

namespace cv {
namespace drgan {

/// Sums of confidences smaller than this are no basis to divide by: the plain mean counts then. FLT_MIN keeps any
/// confidence that a float can hold exactly.
constexpr double tinyTotalConfidence = FLT_MIN;

/// The input as rows and columns: a std::vector, which OpenCV 5 takes for a matrix of one dimension, is one row, as in
/// OpenCV 4. Shares the input's memory.
Mat matrix(InputArray input);

/// "CV_32FC1 of 1 rows x 15 columns": what a matrix is, for messages.
std::string describe(const Mat& m);

/// What to do with a 16-bit picture, for messages; of others nothing.
const char* depthHint(const Mat& picture);

/// An embedding as a 1xNf CV_32F row of its own, after checking type, shape and that every value is finite.
/// @param name how the message calls it
/// @param length what Nf must be; 0: any length >= 1
Mat embeddingRow(InputArray embedding, const char* name, int length = 0);

}  // namespace drgan
}  // namespace cv

#endif
