// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <opencv2/core.hpp>
#include <opencv2/objdetect.hpp>
#include <string>

namespace drgan::eval {

/// Finds the one face that a picture is about. One object serves one thread at a time.
class FaceFinder {
public:
    /// @param detector YuNet model; empty: OpenCV's cascades
    /// @param cascades folder with haarcascade_frontalface_alt2.xml and haarcascade_profileface.xml
    /// @throws std::runtime_error naming the file that cannot be loaded
    FaceFinder(const std::string& detector, const std::string& cascades);

    /// @param picture BGR, 8-bit
    /// @param found whether a detector found a face; if not, the answer is a box in the picture's middle
    /// @return what cv::drgan::alignCrop takes: a FaceDetectorYN row (1x15) or a box (1x4), pixels of the picture
    cv::Mat find(const cv::Mat& picture, bool& found);

private:
    cv::Mat lookWithYuNet(const cv::Mat& picture, double scale);
    cv::Mat findWithYuNet(const cv::Mat& picture);
    cv::Mat findWithCascades(const cv::Mat& picture);

    cv::Ptr<cv::FaceDetectorYN> yunet_;
    cv::CascadeClassifier frontal_;
    cv::CascadeClassifier profile_;
};

}  // namespace drgan::eval
