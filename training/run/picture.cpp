// SPDX-License-Identifier: Apache-2.0
#include "run/picture.hpp"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace drgan::train {

cv::Mat toFloat(const cv::Mat& rgb) {
    cv::Mat picture;
    rgb.convertTo(picture, CV_32F, 2. / 255, -1);  // as cv::drgan does it
    return picture;
}

cv::Mat toBytes(const cv::Mat& picture) {
    cv::Mat rgb;
    picture.convertTo(rgb, CV_8U, 127.5, 127.5);
    return rgb;
}

void clamp(cv::Mat& picture) {
    cv::max(picture, -1, picture);
    cv::min(picture, 1, picture);
}

void appendPlanes(const cv::Mat& picture, std::vector<float>& planes) {
    const cv::Mat source = picture.depth() == CV_8U ? toFloat(picture) : picture;
    const size_t before = planes.size();
    planes.resize(before + 3 * source.total());
    cv::Mat plane[3];
    for (size_t k = 0; k < 3; ++k) {
        plane[k] = cv::Mat(source.size(), CV_32F, planes.data() + before + k * source.total());
    }
    cv::split(source, plane);
}

cv::Mat toPicture(const float* planes, cv::Size size) {
    std::vector<cv::Mat> plane;
    for (int k = 0; k < 3; ++k) {
        plane.emplace_back(size, CV_32F, const_cast<float*>(planes) + static_cast<size_t>(k) * size.area());
    }
    cv::Mat picture;
    cv::merge(plane, picture);
    return toBytes(picture);
}

void writePng(const std::string& path, const cv::Mat& rgb) {
    cv::Mat bgr;
    cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
    bool written = false;
    try {
        written = cv::imwrite(path, bgr);
    } catch (const cv::Exception&) {
    }
    if (!written) {
        throw std::runtime_error(path + ": cannot be written");
    }
}

}  // namespace drgan::train
