// SPDX-License-Identifier: Apache-2.0
#include "nn/models/face_losses.hpp"

#include <cmath>

namespace drgan::nn {

namespace {

constexpr double wingWidth = 0.25, wingCurve = 0.05;  // where the loss turns linear; its bend

}  // namespace

torch::Tensor wing(const torch::Tensor& apart) {
    const double bend = wingWidth * std::log1p(wingWidth / wingCurve);  // keeps the two pieces together
    return torch::where(apart < wingWidth, wingWidth * torch::log1p(apart / wingCurve), apart + (bend - wingWidth));
}

torch::Tensor meanOfFaces(const torch::Tensor& each, const torch::Tensor& face) {
    return (each * face).sum() / face.sum().clamp_min(1);
}

torch::Tensor faceLoss(const torch::Tensor& score, const torch::Tensor& face) {
    return torch::binary_cross_entropy(score, face);
}

}  // namespace drgan::nn
