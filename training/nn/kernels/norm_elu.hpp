// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

namespace drgan::nn {

/// Batch normalisation [N,C,H,W]; in training by the statistics of all processes' pictures.
torch::Tensor batchNorm(torch::nn::BatchNorm2dImpl& module, const torch::Tensor& x);

/// torch::elu(batchNorm(module, x)), with the same result, gradients and running statistics.
///
/// The paper's networks are convolutions, each with these two behind it, and on a CPU whose convolutions run in bf16
/// the two took longer than the convolutions (LibTorch 1.13). Here they are one operation that keeps nothing but x: two
/// passes over x forward, two over x and the gradient backward. What it does not cover (other devices, types and memory
/// orders, several processes, frozen statistics with weights that learn) goes the usual way.
torch::Tensor normElu(torch::nn::BatchNorm2dImpl& module, const torch::Tensor& x);

}  // namespace drgan::nn
