// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>

#include "nn/graph/graph.hpp"

namespace drgan::nn {

/// How a recogniser wants its picture: (pixel - mean) / scale per channel, pixels in 0..255, channels in `order`.
struct InputConvention {
    std::string order = "RGB";                        ///< or "BGR"
    std::array<double, 3> mean{127.5, 127.5, 127.5};  ///< in the network's channel order
    std::array<double, 3> scale{127.5, 127.5, 127.5};
};

/// Makes a convolution that wants its picture in this way the first one of a network that gets it as the contract says:
/// its pixel x in [-1,1] is (127.5 x + 127.5 - mean) / scale to the former. Exact but for the picture's border.
void foldConvention(torch::nn::Conv2dImpl& conv, const InputConvention& convention);

/// Reads a feed-forward recogniser from ONNX into live modules and makes it an encoder of the model contract.
///
/// Understands what readOnnx does. The input convention is folded into the first convolution, which is exact but for
/// the picture's border, where a padded zero stands for mid-grey instead of the recogniser's own mean. A confidence
/// head (linear + sigmoid, starting at 0.5 for every picture) sits on the features before the last layer; an encoder
/// that drgan-export wrote keeps its own.
/// @throws std::runtime_error naming the file, the node and what it found.
Graph importOnnxEncoder(const std::string& path, const InputConvention& convention);

}  // namespace drgan::nn
