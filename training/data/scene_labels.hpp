// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <opencv2/objdetect.hpp>
#include <string>
#include <vector>

#include "io/scene_faces.hpp"

namespace drgan::data {

/// Finds the faces of photographs with YuNet at several sizes and mirrored, which together see more, and more exactly,
/// than one look does.
class SceneLabeller {
public:
    /// @param model YuNet that cv::FaceDetectorYN can run
    explicit SceneLabeller(const std::string& model);

    /// @param picture CV_8UC3, BGR
    /// @return one for each place, scores of 0.5 and more; box and landmarks are means over the looks, the score is the
    /// best one's, at most 0.8 where only one look found it
    std::vector<io::LabelledFace> label(const cv::Mat& picture);

private:
    void look(const cv::Mat& picture, double scale, bool mirrored, std::vector<io::LabelledFace>& found);

    cv::Ptr<cv::FaceDetectorYN> detector_;
};

/// Labels all pictures of a folder, not of folders in it.
/// @param progress of the pictures done and all
/// @throws std::runtime_error if the folder cannot be read or has no picture
io::SceneFaces labelScenes(const std::string& folder, const std::string& model, int threads,
                           const std::function<void(size_t, size_t, double)>& progress);

}  // namespace drgan::data
