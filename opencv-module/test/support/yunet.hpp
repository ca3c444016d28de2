// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TESTS_SUPPORT_YUNET_HPP
#define DRGAN_TESTS_SUPPORT_YUNET_HPP

#include <cstdlib>
#include <fstream>
#include <opencv2/core/version.hpp>
#include <string>

namespace drgan_test {

/// cv::FaceDetectorYN runs the YuNet of 2022 up to OpenCV 4.7, and that of 2023 from 4.8 on.
constexpr int yuNetYear = CV_VERSION_MAJOR > 4 || (CV_VERSION_MAJOR == 4 && CV_VERSION_MINOR >= 8) ? 2023 : 2022;
constexpr int otherYuNetYear = yuNetYear == 2023 ? 2022 : 2023;

/// The path of a YuNet in the folder in DRGAN_SHARED, or empty if it is missing.
inline std::string yuNetOf(int year) {
    const char* shared = std::getenv("DRGAN_SHARED");
    const std::string file =
        std::string(shared ? shared : "") + "/models/face_detection_yunet_" + std::to_string(year) + ".onnx";
    return shared && std::ifstream(file) ? file : "";
}

/// The YuNet that this OpenCV can run, or empty.
inline std::string yuNet() { return yuNetOf(yuNetYear); }

/// A YuNet that it cannot run, or empty.
inline std::string yuNetOfOtherVersions() { return yuNetOf(otherYuNetYear); }

}  // namespace drgan_test

/// Sets `file` to the path of a YuNet for this OpenCV; if there is none, skips the test and says what is missing.
#define NEEDS_YUNET(file)                                                                                     \
    const std::string file = drgan_test::yuNet();                                                             \
    if (file.empty()) {                                                                                       \
        GTEST_SKIP() << "needs face_detection_yunet_" << drgan_test::yuNetYear                                \
                     << ".onnx, which this OpenCV can run, in models/ of the folder that DRGAN_SHARED names"; \
    }

#endif
