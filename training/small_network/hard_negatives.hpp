// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "checkpoint/checkpoint.hpp"
#include "small_network/backgrounds.hpp"

namespace drgan::train {

/// Adds hard negatives to a checkpoint of the detector.
void addHardNegatives(Checkpoint& checkpoint, const std::vector<HardNegative>& negatives);

/// @param folder the backgrounds' one, for the error
/// @throws std::runtime_error if there are none in the checkpoint, or if they lie in more pictures than `backgrounds`
std::vector<HardNegative> hardNegativesIn(const Checkpoint& checkpoint, const Backgrounds& backgrounds,
                                          const std::string& folder);

}  // namespace drgan::train
