// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

/// What validations of small networks measure.
namespace drgan::train {

/// Mean of `each` [B] where `which` [B] is true; NaN for none.
double meanWhere(const torch::Tensor& each, const torch::Tensor& which);

/// Share of pairs of a face and a miss in which the face has the higher score. NaN where there is nothing to measure,
/// or where a run that diverges has no numbers any more.
/// @param score, isFace [B], float and bool
double areaUnderRoc(const torch::Tensor& score, const torch::Tensor& isFace);

}  // namespace drgan::train
