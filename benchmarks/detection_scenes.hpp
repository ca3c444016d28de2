// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace drgan::bench {

/// Takes a picture, CV_8UC3, BGR, and the minimum score; returns rows of x, y, w, h, ..., score.
using FindFaces = std::function<cv::Mat(const cv::Mat&, float)>;

struct SceneDetector {
    std::string name;
    FindFaces find;
    float leastScore = 0;  ///< for the precision over the recall: nearly all
    float usualScore = 0;  ///< for the time: as people use it
};

/// Prints a table of the average precision of detectors on photographs with true boxes, and of their time a picture.
/// @param folder of the photographs
/// @param table of the true boxes: io::readSceneFaces()
/// @throws std::runtime_error naming what cannot be read
void compareOnScenes(const std::string& folder, const std::string& table, const std::vector<SceneDetector>& detectors);

}  // namespace drgan::bench
