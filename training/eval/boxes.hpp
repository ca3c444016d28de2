// SPDX-License-Identifier: Apache-2.0
//
// What the aligner makes of boxes whose landmarks are known but not told.

#pragma once

#include <nlohmann/json.hpp>
#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "faces.hpp"

namespace drgan::eval {

constexpr double boxShift = 0.15;  ///< of a jittered box's larger side, at most, each way
constexpr double boxScale = 0.2;   ///< a jittered box is up to so much smaller or larger

/// Mean errors against the finder's landmarks, of the faces that the finder saw at this |yaw|.
struct LandmarkErrors {
    double from = 0, to = 0;  ///< degrees
    size_t faces = 0;
    double landmarks = 0;  ///< distance of a point, units of the distance from eyes to mouth
    double yaw = 0;        ///< degrees
    double score = 0;      ///< the aligner's face score, not an error
};

/// A picture's face with the aligner's landmarks, beside the detector's.
struct Landed {
    Faces faces;                       ///< rows of the aligner where a face was found
    std::vector<LandmarkErrors> rows;  ///< below and beyond 45 degrees; empty where the finder has no landmarks
};

/// Aligns each face again from only its box, in three passes. Faces that the aligner takes for none keep their
/// box.
/// @param jitter moves and resizes each box at random first, always in the same way
Landed landFromBoxes(const Faces& faces, cv::drgan::Aligner& aligner, bool jitter);

std::string table(const std::vector<LandmarkErrors>& rows);
nlohmann::json report(const std::vector<LandmarkErrors>& rows);

}  // namespace drgan::eval
