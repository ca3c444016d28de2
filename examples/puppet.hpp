// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_EXAMPLES_PUPPET_HPP
#define DRGAN_EXAMPLES_PUPPET_HPP

#include <opencv2/core.hpp>

namespace drgan::examples {

/// The pose of a puppet in a frame.
struct Pose {
    cv::Point2d face;        ///< centre of the face, pixels of the frame
    double faceWidth = 100;  ///< width of the face's box, pixels of the frame
    double roll = 0;         ///< degrees, positive: clockwise on the picture
    double yaw = 0;          ///< degrees, positive: the nose points to the image's right; realistic up to about 30
};

/// A person cut out of a portrait, who can be moved and whose head can be turned a little.
class Puppet {
public:
    /// @param portrait 8-bit BGR picture of one person, upright, facing the camera.
    /// @throws cv::Exception if the default bundle's FaceFinder detects no face, or if there is no default bundle.
    explicit Puppet(const cv::Mat& portrait);

    /// Draws the person over an 8-bit BGR frame.
    void draw(cv::Mat& frame, const Pose& pose) const;

    /// The person cut out: 8-bit BGRA, alpha not premultiplied.
    const cv::Mat& picture() const { return picture_; }

private:
    cv::Mat turned(double yaw) const;

    cv::Mat picture_;
    cv::Rect face_;
};

}  // namespace drgan::examples

#endif
