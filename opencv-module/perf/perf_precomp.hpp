// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_PERF_PRECOMP_HPP
#define DRGAN_PERF_PRECOMP_HPP

#include <opencv2/ts.hpp>  // OpenCV's, or benchmark/opencv2/ts.hpp

#include <opencv2/drgan.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "generated_faces.hpp"

namespace opencv_test {

/// The trained bundle that DRGAN_BUNDLE names, and pictures of people whom its decoder draws.
struct Models {
    cv::drgan::Bundle bundle;
    cv::Ptr<cv::drgan::Encoder> encoder;
    cv::Ptr<cv::drgan::Decoder> decoder;
    cv::Ptr<cv::drgan::Aligner> aligner;
    cv::Ptr<cv::drgan::Detector> detector;
    drgan_test::GeneratedFaces faces;
};

/// Loaded once. Without DRGAN_BUNDLE the test that asks is skipped.
const Models& models();

/// A picture with two rows of four faces.
struct Crowd {
    cv::Mat picture;              ///< BGR, 8-bit
    std::vector<cv::Rect> boxes;  ///< around the faces
};
Crowd crowdOf(cv::Size size);

/// n aligned faces, each of another person.
std::vector<cv::Mat> alignedFaces(int n);

}  // namespace opencv_test

#endif
