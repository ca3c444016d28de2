// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "small_network/loose_crops.hpp"

namespace drgan::train {

/// One step's crops.
struct AlignerBatch {
    std::vector<float> crops;      ///< [B,3,cropSide,cropSide] in [-1,1]
    std::vector<float> landmarks;  ///< [B,10] in units of the crop's side; 0 where there is no face
    std::vector<float> yaw;        ///< [B] in units of 90 degrees; NaN: not known
    std::vector<float> face;       ///< [B] 1 or 0
};

/// Draws crops of faces, evenly over their yaws, and crops that miss them. What a batch holds depends only on the seed
/// and the step.
class AlignerSampler : public LooseCrops {
public:
    /// @param common its shares, changes to pictures, seed and `validation` are used
    /// @throws std::runtime_error if the set's faces are not loose enough, or if nobody is in it
    AlignerSampler(const io::FaceSet& faces, SamplingOptions common, CropOptions crops);

    AlignerBatch draw(int64_t step) const;
};

}  // namespace drgan::train
