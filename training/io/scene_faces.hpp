// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace drgan::io {

/// A face in a photograph, pixels.
struct LabelledFace {
    cv::Rect2d box;
    std::array<float, 10> landmarks{};  ///< right and left eye, nose, right and left mouth corner; 0 if not given
    float score = 1;                    ///< 0..1: how sure the labels are; 1 if not given
};

/// Faces by the photograph's file name.
using SceneFaces = std::map<std::string, std::vector<LabelledFace>>;

/// Reads a table with the columns file, x, y, w, h and, where given, score and right_eye_x, right_eye_y, left_eye_x ...
/// left_mouth_y. A photograph without a face has a row whose other fields are empty.
/// @throws std::runtime_error naming the file, the line and what is wrong with it
SceneFaces readSceneFaces(const std::string& path);

/// Writes what readSceneFaces() reads, with all columns.
void writeSceneFaces(const std::string& path, const SceneFaces& faces);

}  // namespace drgan::io
