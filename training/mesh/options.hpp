// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "small_network/loose_crops.hpp"
#include "small_network/options.hpp"

namespace drgan::train {

/// Options of a run of the mesh network.
struct MeshOptions : SmallNetworkOptions {
    MeshOptions() {
        crops.count = 32;
        crops.missedShare = 0.15;
        crops.shift = 0.1;
        crops.smallest = 0.85;
        crops.largest = 1.2;
        crops.roll = 10;
        crops.realShare = 0;  // their faces have no mesh
        batch.turnedShare = 0;
    }

    CropOptions crops;
    double meshWidth = 1;
    int64_t features = 64;
    double depthWeight = 0.3;
};

}  // namespace drgan::train
