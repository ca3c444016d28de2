// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <vector>

#include "io/face_set.hpp"

namespace drgan::train {

/// What the embedding of each training person should approach.
struct Targets {
    torch::Tensor templates;  ///< [Nd,Nt] unit: mean teacher embedding of the person's non-profile faces; of who has
                              ///< none, of the profiles, less what the teacher adds to a yaw; or undefined
    torch::Tensor teacher;    ///< [rows of the set,Nt] unit, zeros for turned rows; or undefined
    std::vector<int64_t> source;  ///< per row of the set: itself, or the row that it was turned from; empty without a
                                  ///< teacher
};

/// @param persons person of the set for each training person (Sampler::faceSetPersons)
Targets readTargets(const io::FaceSet& faces, const std::vector<int32_t>& persons);

}  // namespace drgan::train
