// SPDX-License-Identifier: Apache-2.0
//
// Reads the metadata of an ONNX file from the protobuf, because cv::dnn does not expose it. The bytes are not trusted:
// every length is checked before it is used. What cv::dnn's importer does not check is checked here, too: that a tensor
// has as many bytes as its dimensions say, and that its data is in the file.

#ifndef OPENCV_DRGAN_ONNX_METADATA_HPP
#define OPENCV_DRGAN_ONNX_METADATA_HPP

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cv {
namespace drgan {

/// Files above this size are refused before they are read.
constexpr size_t maxModelBytes = size_t(512) << 20;

/// A graph input or output.
struct OnnxValue {
    std::string name;
    int elementType = 0;         ///< TensorProto.DataType; 1 is float
    std::vector<int64_t> shape;  ///< -1 if the size is symbolic or not given
};

struct OnnxMetadata {
    std::map<std::string, std::string> properties;  ///< metadata_props
    int64_t irVersion = 0;
    int64_t opset = 0;              ///< of the default domain
    std::vector<OnnxValue> inputs;  ///< without initializers, which old files list among the inputs
    std::vector<OnnxValue> outputs;
    size_t nodes = 0;
    size_t initializers = 0;
};

/// @param where names the model in messages, e.g. its path
/// @throws cv::Exception for anything but a complete, self-contained ONNX model of reasonable size
OnnxMetadata readOnnxMetadata(const unsigned char* data, size_t size, const std::string& where);

}  // namespace drgan
}  // namespace cv

#endif
