// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TOOLS_STILL_FACES_HPP
#define DRGAN_TOOLS_STILL_FACES_HPP

#include <opencv2/drgan.hpp>
#include <string>

namespace drgan::tools {

/// The main face of a picture.
struct StillFace {
    cv::Rect2f box;  ///< pixels of the picture
    float yaw = 0;   ///< degrees
    cv::Mat aligned;
    cv::Mat embedding;
    float confidence = 0;
};

/// Finds and embeds the faces of still pictures.
class StillFaces {
public:
    /// @param bundle as of Bundle::load
    /// @param detector YuNet's file; empty: the bundle's own networks
    StillFaces(const std::string& bundle, const std::string& detector);

    /// @throws std::runtime_error saying why there is none: no picture, no face
    StillFace read(const std::string& picture);

    const cv::drgan::Bundle& bundle() const { return bundle_; }
    const cv::Ptr<cv::drgan::Encoder>& encoder() const { return encoder_; }

private:
    cv::drgan::Bundle bundle_;
    cv::Ptr<cv::drgan::Encoder> encoder_;
    cv::Ptr<cv::drgan::FaceFinder> finder_;
};

}  // namespace drgan::tools

#endif
