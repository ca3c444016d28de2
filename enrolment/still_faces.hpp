// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLMENT_STILL_FACES_HPP
#define DRGAN_ENROLMENT_STILL_FACES_HPP

#include <opencv2/drgan.hpp>
#include <string>

namespace drgan::enrolment {

/// The main face of a picture.
struct StillFace {
    cv::Mat picture;      ///< 8-bit BGR, upright
    int orientation = 1;  ///< Exif's number of the file's pixels
    cv::Rect2f box;       ///< pixels of the picture
    float yaw = 0;        ///< degrees
    cv::Mat aligned;
    cv::Mat embedding;
    float confidence = 0;
    std::string note;  ///< what was done: the picture was rotated, other faces were ignored; may be empty
};

/// Finds and embeds the faces of still pictures.
class StillFaces {
public:
    /// @param bundle see Bundle::load
    /// @param detector YuNet's file; empty: the bundle's own networks
    StillFaces(const std::string& bundle, const std::string& detector);

    /// Reads a picture with readPicture() and chooses its main face with FaceFinder::findMain. If the encoder's
    /// confidence for it is low, the picture is also rotated by 90, 180 and 270 degrees, and the orientation with the
    /// highest confidence is used.
    /// @param alone refuse a picture of several people, unless the face has twice the area of every other
    /// @throws std::runtime_error that says why there is none: not a picture, no face, several faces
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
