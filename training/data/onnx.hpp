// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/dnn.hpp>
#include <string>

namespace drgan::data {

/// cv::dnn::readNetFromONNX() by the engine that cv::drgan uses.
inline cv::dnn::Net readOnnx(const std::string& path) {
#if CV_VERSION_MAJOR >= 5
    return cv::dnn::readNetFromONNX(path, cv::dnn::ENGINE_CLASSIC);
#else
    return cv::dnn::readNetFromONNX(path);
#endif
}

}  // namespace drgan::data
