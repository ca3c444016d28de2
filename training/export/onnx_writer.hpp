// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "nn/graph/graph.hpp"

namespace drgan::exporting {

/// Writes a network as ONNX by walking its live modules.
///
/// Batch normalisation after a convolution is folded into it. The file has a free batch axis and free sides where the
/// graph has them, is in the forms that all importers read (onnx_forms.hpp), and has passed onnx::checker.
/// @param metadata goes into metadata_props
/// @returns the bytes of the model
/// @throws std::runtime_error if a weight is not finite, or naming what the forms have no place for
std::string toOnnx(const nn::Graph& graph, const std::string& name, const std::map<std::string, std::string>& metadata);

}  // namespace drgan::exporting
