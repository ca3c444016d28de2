// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

namespace drgan::nn {

/// max(x,0) + slope min(x,0), slope per channel: torch::prelu with the same result and gradients.
///
/// On the CPU, torch::prelu (1.13) takes a branch for every element, leaves the channels' memory order and writes the
/// slope's gradient out whole before it sums it: a third of a training step of a MobileFaceNet. This one takes neither;
/// what it does not cover (other devices, types and memory orders) goes to torch::prelu.
/// @param x [N,C] or [N,C,H,W]
/// @param slope [C]
torch::Tensor prelu(const torch::Tensor& x, const torch::Tensor& slope);

}  // namespace drgan::nn
