// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <string>

namespace drgan::train {

/// Writes planes [3,H,W] in [-1,1] as a PNG. @throws std::runtime_error if the file cannot be written
void writePng(const std::string& path, const torch::Tensor& planes);

}  // namespace drgan::train
