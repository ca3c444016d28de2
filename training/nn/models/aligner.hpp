// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/graph/graph.hpp"

/// The network that predicts a face's landmarks, its yaw and whether it is a face, and its losses.
namespace drgan::nn {

struct AlignerSpec {
    int64_t imageSize = 64;  ///< S, a multiple of 16
    double width = 1;        ///< channels, times this; 1: 71 thousand weights
};

/// crop [N,3,S,S] -> landmarks [N,10] in units of S, yaw [N,1] in units of 90 degrees, face_score [N,1] in (0,1).
/// Convolutions from S/2 to S/16, residual depthwise separable ones between them, and back up to S/4, where each
/// landmark has a map of how likely it is to be there. A landmark is the mean place under the softmax of its map
/// (soft-argmax; Nibali et al., "Numerical Coordinate Regression with Convolutional Neural Networks", 2018), through a
/// linear layer that begins as just that. Yaw and score come from the whole map at S/16.
Graph aligner(const AlignerSpec& spec);

/// Wing loss (Feng et al., "Wing Loss for Robust Facial Landmark Localisation with Convolutional Neural Networks",
/// CVPR 2018) on how far each landmark lies from its place in units of the face's eye-mouth distance: small errors
/// count for more than they do in L1, and large ones, of which many are mistakes of the labels, no more.
/// @param found, target [B,10], units of the crop's side
/// @param face [B] 1 for the crops that count, else 0
/// @return mean over the coordinates of the crops that count; 0 where there are none
torch::Tensor landmarkLoss(const torch::Tensor& found, const torch::Tensor& target, const torch::Tensor& face);

/// Smooth L1, its corner at 9 degrees.
/// @param found, target, face [B]; yaws in units of 90 degrees; NaN in `target`: not known, does not count
torch::Tensor yawLoss(const torch::Tensor& found, const torch::Tensor& target, const torch::Tensor& face);

/// Binary cross entropy. @param score [B] in (0,1), face [B] 0 or 1
torch::Tensor faceLoss(const torch::Tensor& score, const torch::Tensor& face);

/// Distance [B] between the midpoints of the eyes and of the mouth corners of landmarks [B,10].
torch::Tensor eyeMouth(const torch::Tensor& landmarks);

}  // namespace drgan::nn
