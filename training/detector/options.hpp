// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detector/batches.hpp"
#include "small_network/options.hpp"

namespace drgan::train {

/// Options of a run of the detector.
struct DetectorOptions : SmallNetworkOptions {
    DetectorOptions() {
        scoreWeight = 1;
        landmarkWeight = 2;
    }

    SceneOptions scenes;
    double detectorWidth = 1, boxWeight = 2;
};

}  // namespace drgan::train
