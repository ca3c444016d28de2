// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "aligner/batches.hpp"
#include "small_network/options.hpp"

namespace drgan::train {

/// Options of a run of the aligner.
struct AlignerOptions : SmallNetworkOptions {
    CropOptions crops;
    double alignerWidth = 1, widenAligner = 0, yawWeight = 1;
    std::string hardNegatives;  // detector's checkpoint
};

}  // namespace drgan::train
