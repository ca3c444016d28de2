// SPDX-License-Identifier: Apache-2.0
//
// For bundles whose decoder OpenCV 4.10 refuses because of the name of an axis.

#ifndef OPENCV_DRGAN_ONNX_BATCH_HPP
#define OPENCV_DRGAN_ONNX_BATCH_HPP

#include "network.hpp"

namespace cv {
namespace drgan {

/// The model without the names of its inputs' batch axes; the same bytes if they have none.
///
/// Earlier versions of drgan-export named the axis N. OpenCV 4.10 then assumes a batch of 0 for an input of two axes
/// while it reads the model, and refuses a Concat of a tensor that went through an Add with one that did not. Without a
/// name it assumes 1.
/// @throws cv::Exception if the model is not a protobuf message
ModelBytes withoutBatchNames(ModelBytes model, const std::string& where);

}  // namespace drgan
}  // namespace cv

#endif
