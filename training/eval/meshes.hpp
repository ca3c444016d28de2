// SPDX-License-Identifier: Apache-2.0
//
// A face mesh model against the meshes that a face set stores.

#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace drgan::eval {

/// Mean errors over the faces of the set at this |yaw|, in units of the distance between the eyes in space.
struct MeshErrors {
    double from = 0, to = 0;  ///< degrees
    size_t faces = 0;
    double points = 0;  ///< distance of a point from its place in the picture
    double depth = 0;   ///< the same along z
    double score = 0;   ///< the model's face score, not an error
};

/// Runs the model on the aligned pictures of the faces that have a mesh, as drgan-data runs it.
/// @param split dev, train or all
/// @return rows below 15, 45 and 90 degrees; those without a face are left out
/// @throws std::runtime_error if the model cannot be loaded, or if no face of the split has a mesh
std::vector<MeshErrors> measureMesh(const std::string& model, const std::string& faces, const std::string& split);

std::string table(const std::vector<MeshErrors>& rows);
nlohmann::json report(const std::vector<MeshErrors>& rows);

}  // namespace drgan::eval
