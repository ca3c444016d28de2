// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "nn/graph/graph.hpp"

namespace drgan::nn {

struct OnnxReading {
    std::string onlyInput;   ///< what the graph's one input is to be called; empty: as in the file
    bool everyBias = false;  ///< convolutions that have no bias get one of zeros
};

/// Reads a network from ONNX into live modules, ready to run, to train and to be written again.
///
/// Understands Conv, ConvTranspose, Gemm, BatchNormalization, PRelu, Elu, Relu, Clip, Tanh, Sigmoid, Softmax, Add,
/// Concat, Flatten, Reshape, Resize, the poolings and Constant, Identity, Dropout in the forms that drgan-export writes
/// and many of those that others do. The outputs keep their names.
/// @throws std::runtime_error naming the file, the node and what it found
Graph readOnnx(const std::string& path, const OnnxReading& reading = {});

}  // namespace drgan::nn
