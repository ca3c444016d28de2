// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLMENT_STILL_FACES_HPP
#define DRGAN_ENROLMENT_STILL_FACES_HPP

#include <opencv2/drgan.hpp>
#include <string>

namespace drgan::enrolment {

/// The face that a picture is about.
struct StillFace {
    cv::Mat picture;      ///< 8-bit BGR, upright
    int orientation = 1;  ///< Exif's number: what makes the file's pixels upright
    cv::Rect2f box;       ///< pixels of the picture
    float yaw = 0;        ///< degrees
    cv::Mat aligned;
    cv::Mat embedding;
    float confidence = 0;
    std::string note;  ///< what was done without being asked: turned, others left aside; or empty
};

/// Finds and embeds the faces of still pictures.
class StillFaces {
public:
    /// @param bundle as of Bundle::load
    /// @param detector YuNet's file; empty: the bundle's own networks
    StillFaces(const std::string& bundle, const std::string& detector);

    /// Reads a picture as readPicture() does and takes its main face (FaceFinder::findMain). Where no convincing face
    /// is seen, the picture is turned by 90, 180 and 270 degrees, too, and taken as it convinces most.
    /// @param alone a picture of several people is refused, unless the face has twice the area of every other
    /// @throws std::runtime_error saying why there is none: no picture, no face, several
    StillFace read(const std::string& file, bool alone);

    const cv::drgan::Bundle& bundle() const { return bundle_; }
    const cv::Ptr<cv::drgan::Encoder>& encoder() const { return encoder_; }

private:
    bool embed(const cv::Mat& picture, StillFace& face);
    bool isAnother(const cv::Mat& row, const StillFace& face);
    void checkAlone(StillFace& face);

    cv::drgan::Bundle bundle_;
    cv::Ptr<cv::drgan::Encoder> encoder_;
    cv::Ptr<cv::drgan::FaceFinder> finder_;
};

}  // namespace drgan::enrolment

#endif
