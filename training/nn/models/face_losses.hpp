// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

/// What the losses of the aligner and of the mesh network have in common.
namespace drgan::nn {

/// Wing loss (Feng et al., "Wing Loss for Robust Facial Landmark Localisation with Convolutional Neural Networks",
/// CVPR 2018) of each distance: small errors count for more than they do in L1, and large ones, of which many are
/// mistakes of the labels, no more.
/// @param apart in units of the face's size, at least 0
torch::Tensor wing(const torch::Tensor& apart);

/// Mean of `each` [B] over the crops that show a face; 0 where there are none. @param face [B] 0 or 1
torch::Tensor meanOfFaces(const torch::Tensor& each, const torch::Tensor& face);

/// Binary cross entropy. @param score [B] in (0,1), face [B] 0 or 1
torch::Tensor faceLoss(const torch::Tensor& score, const torch::Tensor& face);

}  // namespace drgan::nn
