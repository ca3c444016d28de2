// SPDX-License-Identifier: Apache-2.0
//
// How far landmarks are from those that people set by hand.

#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "faces.hpp"

namespace drgan::eval {

/// Mean distances from the hand-made points, units of the distance from the eyes' to the mouth's midpoint.
struct FiducialErrors {
    bool profile = false;
    size_t faces = 0;
    double eye = 0, nose = 0, mouth = 0;  ///< seen eye's middle, nose tip, seen corner of the mouth
};

/// Of the pictures in CFP's layout that have fiducials beside them and a face with landmarks; a file of fiducials that
/// cannot be understood is passed over with a warning.
/// @return frontal pictures, then profiles; empty where nothing could be measured
std::vector<FiducialErrors> againstFiducials(const Faces& faces);

std::string table(const std::vector<FiducialErrors>& rows);
nlohmann::json report(const std::vector<FiducialErrors>& rows);

}  // namespace drgan::eval
