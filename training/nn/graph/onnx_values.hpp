// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <onnx/onnx_pb.h>
#include <torch/torch.h>

#include <string>
#include <vector>

namespace drgan::nn {

/// The values of a tensor of floats or int64s that lie in the file itself.
/// @param name what an error calls it
/// @throws std::runtime_error that says what is wrong with it
torch::Tensor tensorOf(const onnx::TensorProto& tensor, const std::string& name);

/// A node's attribute; null: it has none of this name.
const onnx::AttributeProto* find(const onnx::NodeProto& node, const char* name);
int64_t integer(const onnx::NodeProto& node, const char* name, int64_t fallback);
double number(const onnx::NodeProto& node, const char* name, double fallback);
std::vector<int64_t> integers(const onnx::NodeProto& node, const char* name, std::vector<int64_t> fallback);

}  // namespace drgan::nn
