// SPDX-License-Identifier: Apache-2.0
//
// Bundles whose decoder OpenCV 4.10 would refuse for the name of an axis.

#ifndef OPENCV_DRGAN_ONNX_BATCH_HPP
#define OPENCV_DRGAN_ONNX_BATCH_HPP

#include "network.hpp"

namespace cv {
namespace drgan {

/// The model without the names that the batch axes of its inputs have: the same bytes where they have none.
///
/// drgan-export once called the axis N. OpenCV 4.10 then takes the batch of an input of two axes for 0 while it reads,
/// and refuses a Concat of what has gone through an Add with what has not. Without a name it takes it for 1.
/// @throws cv::Exception for what is no protobuf message
ModelBytes withoutBatchNames(ModelBytes model, const std::string& where);

}  // namespace drgan
}  // namespace cv

#endif
