// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "small_network/loose_crops.hpp"

namespace drgan::train {

constexpr int meshSide = 192;  ///< pixels of a crop

/// One step's crops.
struct MeshBatch {
    std::vector<float> crops;  ///< [B,3,meshSide,meshSide] in [-1,1]
    std::vector<float> mesh;   ///< [B,468,3] in pixels of the crop; 0 where there is no face
    std::vector<float> yaw;    ///< [B] degrees
    std::vector<float> face;   ///< [B] 1 or 0
};

/// A mesh of the mirror image of a picture: the points of right and left change places.
/// @param mesh [468,3]
std::vector<float> mirroredMesh(const float* mesh, int pictureSide);

/// A mesh in pixels of a crop; its depths change with the scale.
/// @param mesh [468,3]
std::vector<float> meshInCrop(const std::vector<float>& mesh, const Square& crop, int size = meshSide);

/// Draws crops of faces that have a mesh, evenly over their yaws, and crops that miss them. What a batch holds depends
/// only on the seed and the step.
class MeshSampler : public LooseCrops {
public:
    /// @param common its changes to pictures, seed and `validation` are used
    /// @throws std::runtime_error if the set has no meshes, if its faces are not loose enough, or if nobody is in it
    MeshSampler(const io::FaceSet& faces, SamplingOptions common, CropOptions crops);

    MeshBatch draw(int64_t step) const;

    /// Meshes as batches have them, of faces only. @return [count,468,3]
    std::vector<float> drawMeshes(size_t count) const;

private:
    struct Face {
        cv::Mat pixels;           // of the crop
        std::vector<float> mesh;  // in it
        float yaw = 0;
    };
    Face drawFace(std::mt19937_64& random) const;

    const io::FaceSet& set_;
};

}  // namespace drgan::train
