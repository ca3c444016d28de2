// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "run/options.hpp"
#include "run/sampling.hpp"

namespace drgan::train {

/// Options that runs of aligner and detector have in common.
struct SmallNetworkOptions : RunOptions {
    SmallNetworkOptions() {
        learningRate = 2e-3;
        batch.augmentation.light = 0.4;
        batch.augmentation.occlusion = batch.augmentation.blur = 0.2;
        batch.augmentation.lowResolution = batch.augmentation.noise = 0.3;
    }

    SamplingOptions batch;
    std::string backgrounds, validationBackgrounds;  // folders of photographs
    std::string photos, photoFaces;  // folder of photographs of people, and the table of the faces in them
    double sureScore = 0.85;         // of a labelled face that is learned, at least
    double landmarkWeight = 1, scoreWeight = 0.5;
};

}  // namespace drgan::train
