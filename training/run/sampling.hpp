// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "run/augmentation.hpp"

namespace drgan::train {

/// How any stage draws pictures of a face set.
struct SamplingOptions {
    double turnedShare = 0.4;  ///< of the pictures, where a person has turned ones
    Augmentation augmentation;
    uint64_t seed = 1;
    int threads = 1;          ///< batches decoded ahead, each on its own thread
    bool validation = false;  ///< draw from the persons that are kept out of training instead
};

/// Whether a training person is kept out of training to choose checkpoints and the match threshold: one in 16.
bool isValidationPerson(const std::string& name);

}  // namespace drgan::train
