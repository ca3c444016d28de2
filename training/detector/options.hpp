// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

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
    std::string detector;  ///< onnx:FILE, YuNet to start from; empty: from nothing
};

}  // namespace drgan::train
