// SPDX-License-Identifier: Apache-2.0
#include "still_faces.hpp"

#include <opencv2/imgcodecs.hpp>
#include <stdexcept>

namespace drgan::tools {

StillFaces::StillFaces(const std::string& bundle, const std::string& detector)
    : bundle_(cv::drgan::Bundle::load(bundle)),
      encoder_(cv::drgan::Encoder::create(bundle_.encoder)),
      finder_(cv::drgan::FaceFinder::create(detector, bundle_.folder)) {}

StillFace StillFaces::read(const std::string& path) {
    cv::Mat picture;
    try {
        picture = cv::imread(path);
    } catch (const cv::Exception&) {  // of absurd sizes
    }
    if (picture.empty()) {
        throw std::runtime_error("not a picture that OpenCV can read");
    }
    cv::Mat row;
    if (!finder_->findMain(picture, row)) {
        throw std::runtime_error("no face found");
    }
    StillFace face;
    face.box = cv::Rect2f(row.at<float>(0), row.at<float>(1), row.at<float>(2), row.at<float>(3));
    face.yaw = cv::drgan::estimateYaw(row);
    encoder_->alignCrop(picture, row, face.aligned);
    encoder_->feature(face.aligned, face.embedding, face.confidence);
    return face;
}

}  // namespace drgan::tools
