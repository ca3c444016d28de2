// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "detector/scene.hpp"
#include "nn/graph/graph.hpp"

/// What the detector's maps say, as faces, and how much of it is true.
namespace drgan::train {

/// A face that was found, pixels.
struct Detection {
    cv::Rect2d box;
    Landmarks landmarks{};
    float score = 0;
};

Detection asDetection(const SceneFace& face);  ///< a face that is known

/// Faces of every picture of a batch, best first, of those that overlap by more than `most` (IoU) the best.
/// @param found outputs of nn::detector
/// @param least score
std::vector<std::vector<Detection>> detections(const nn::Edges& found, double least, double most = 0.4);

/// A number is NaN where there is nothing to measure.
struct DetectorErrors {
    double averagePrecision = 0;  ///< area under precision over recall
    double recall = 0;            ///< share of the faces found
    double precision = 0;         ///< share of the detections that are faces
    double landmarks = 0;  ///< mean distance of a landmark from its place / the face's eye-mouth distance, where found
};

/// @param found, truth of each picture. A detection is true if its IoU with a face
/// that no better detection has matched is at least 0.5. One with a face that is not sure does not count
/// @param score at which recall, precision and landmarks are measured
DetectorErrors detectorErrors(const std::vector<std::vector<Detection>>& found,
                              const std::vector<std::vector<SceneFace>>& truth, double score = 0.5);

/// Writes pictures, four in a line, with the faces found drawn into them.
/// @param planes [B,3,S,S]
void writeDetections(const std::string& path, const std::vector<float>& planes, int side,
                     const std::vector<std::vector<Detection>>& found);

}  // namespace drgan::train
