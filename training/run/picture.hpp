// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <vector>

/// Pictures on their way into a batch. As face sets store them they are CV_8UC3, RGB; training changes them as
/// CV_32FC3, RGB, in [-1,1].
namespace drgan::train {

/// From 8 bits to [-1,1].
cv::Mat toFloat(const cv::Mat& rgb);

/// From [-1,1] to 8 bits, rounded.
cv::Mat toBytes(const cv::Mat& picture);

/// Limits a picture in [-1,1] to that range, in place.
void clamp(cv::Mat& picture);

/// Appends the 3 planes of a picture of either type, in [-1,1].
void appendPlanes(const cv::Mat& picture, std::vector<float>& planes);

/// The picture of 3 planes, CV_8UC3.
/// @param planes [3,height,width] in [-1,1]
cv::Mat toPicture(const float* planes, cv::Size size);

/// @param rgb CV_8UC3
/// @throws std::runtime_error if it cannot be written
void writePng(const std::string& path, const cv::Mat& rgb);

}  // namespace drgan::train
