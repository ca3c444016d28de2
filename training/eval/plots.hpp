// SPDX-License-Identifier: Apache-2.0
//
// Results as PNG pictures. Drawn with PLplot into memory and written by OpenCV, so that no display is needed and an
// error of the file system is one of ours. Built without PLplot, the constructor throws.

#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <utility>
#include <vector>

#include "fusion.hpp"
#include "metrics/metrics.hpp"

namespace drgan::eval {

/// A curve's name and the scores that it is made from.
using NamedScores = std::vector<std::pair<std::string, PairScores>>;

/// One picture's confidence as it is and made worse (see faces.hpp).
struct ConfidencePoint {
    double yaw = 0;  ///< degrees
    double clean = 0;
    double blurred = 0;
};

class Plots {
public:
    /// Makes the folder if it is not there.
    /// @throws std::runtime_error naming the folder that cannot be made or written to, or what is not installed
    explicit Plots(std::string folder);

    /// TAR over FAR, the latter on a logarithmic axis: roc.png
    void roc(const NamedScores& curves) const;
    /// Each picture, and the means with deviations in steps of 15 degrees: confidence.png
    void confidence(const std::vector<ConfidencePoint>& points) const;
    /// EER and accuracy over the number of images, of pictures as they are and of mixed quality: fusion.png
    void fusion(const std::vector<Fusion>& clean, const std::vector<Fusion>& mixed) const;
    /// A grid of views that is drawn already, BGR: views.png
    void examples(const cv::Mat& grid) const;

private:
    std::string folder_;
};

}  // namespace drgan::eval
