// SPDX-License-Identifier: Apache-2.0
#ifndef OPENCV_DRGAN_ONNX_TENSOR_HPP
#define OPENCV_DRGAN_ONNX_TENSOR_HPP

#include <cstdint>
#include <string>
#include <utility>

#include "protobuf_reader.hpp"

namespace cv {
namespace drgan {

constexpr size_t maxOnnxNameBytes = 4096;
constexpr size_t maxOnnxDims = 8;
constexpr uint64_t maxOnnxElements = uint64_t(1) << 31;  ///< of one tensor

/// Checks that a TensorProto's data is in the file and as long as its dimensions say, which cv::dnn does not check.
/// @param what names the tensor in messages
/// @param where names the model in messages
/// @return the tensor's name and number of dimensions
std::pair<std::string, int> checkOnnxTensor(const WireField& tensor, const char* what, const std::string& where);

}  // namespace drgan
}  // namespace cv

#endif
