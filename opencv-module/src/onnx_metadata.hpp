// SPDX-License-Identifier: Apache-2.0
//
// What an ONNX file says about itself, read straight from the protobuf: cv::dnn does not give its metadata out. The
// bytes may come from anywhere, so every length is checked before it is used, and what the importer of cv::dnn takes on
// trust (that a tensor holds as many bytes as its dimensions say, that its data is in the file) is checked here too.

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
    std::vector<int64_t> shape;  ///< -1 where the size is symbolic or not given
};

struct OnnxMetadata {
    std::map<std::string, std::string> properties;  ///< metadata_props
    int64_t irVersion = 0;
    int64_t opset = 0;              ///< of the default domain
    std::vector<OnnxValue> inputs;  ///< initializers, which old files list among the inputs, left out
    std::vector<OnnxValue> outputs;
    size_t nodes = 0;
    size_t initializers = 0;
};

/// @param where names the model in messages, e.g. its path
/// @throws cv::Exception for anything but a whole, self-contained ONNX model of sane size
OnnxMetadata readOnnxMetadata(const unsigned char* data, size_t size, const std::string& where);

}  // namespace drgan
}  // namespace cv

#endif
