// SPDX-License-Identifier: Apache-2.0
//
// From a whole picture to a loose square around its main face, as the pictures of labels.csv are.

#pragma once

#include <opencv2/core.hpp>
#include <opencv2/drgan.hpp>
#include <string>

#include "labels.hpp"

namespace drgan::data {

/// A face and what is around it.
struct FaceView {
    cv::Mat picture;        ///< BGR, 8-bit
    Landmarks landmarks;    ///< pixels of the picture
    cv::Rect square;        ///< loose square around the face, pixels of the picture; may reach beyond it
    bool detected = false;  ///< the landmarks are the detector's, not the list's
};

struct CutterOptions {
    std::string detector;     ///< YuNet; empty: a bundle's networks
    std::string bundle;       ///< its folder; empty: the installed one
    bool listOnly = false;    ///< look for no face, take the list's landmarks
    float leastFace = 20;     ///< pixels; smaller faces are an error
    float cropFactor = 1.8F;  ///< side of the square in sides of the face box
    int largestSide = 640;    ///< pixels; larger squares are scaled down
};

/// One object serves one thread at a time.
class FaceCutter {
public:
    /// @throws cv::Exception naming the detector or the bundle if it cannot be loaded.
    explicit FaceCutter(const CutterOptions& options);

    /// The face that the detector takes for the main one; where the label has landmarks and the detector finds no face
    /// there, the one with those.
    /// @param picture BGR, 8-bit
    /// @throws std::runtime_error if there is none or it is too small.
    FaceView cut(const cv::Mat& picture, const Label& label);

private:
    CutterOptions options_;
    cv::Ptr<cv::drgan::FaceFinder> finder_;
};

}  // namespace drgan::data
