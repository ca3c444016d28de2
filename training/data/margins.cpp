// SPDX-License-Identifier: Apache-2.0

#include "margins.hpp"

#include <opencv2/imgproc.hpp>

namespace drgan::data {

namespace {

constexpr double sameLine = 4;       // mean difference in grey levels that JPEG leaves between equal lines
constexpr double unevenLine = 6;     // standard deviation along a line, grey levels
constexpr double leastShare = 0.04;  // of the crop: a real picture repeats a few lines, too

/// The number of rows at the top that repeat each other.
int repeatedRows(const cv::Mat& grey) {
    cv::Mat sum = grey.row(0).clone();  // 32-bit float
    int rows = 1;
    while (rows < grey.rows / 2 && cv::norm(grey.row(rows), sum / rows, cv::NORM_L1) < sameLine * grey.cols) {
        sum += grey.row(rows++);
    }
    cv::Scalar mean, deviation;
    cv::meanStdDev(sum / rows, mean, deviation);
    return rows > leastShare * grey.rows && deviation[0] > unevenLine ? rows - 1 : 0;
}

}  // namespace

cv::Rect withoutStreaks(const cv::Mat& crop) {
    cv::Mat grey;
    cv::cvtColor(crop, grey, cv::COLOR_BGR2GRAY);
    grey.convertTo(grey, CV_32F);
    cv::Mat upsideDown, sideways, sidewaysBack;
    cv::flip(grey, upsideDown, 0);
    cv::transpose(grey, sideways);
    cv::flip(sideways, sidewaysBack, 0);
    const int top = repeatedRows(grey), bottom = repeatedRows(upsideDown);
    const int left = repeatedRows(sideways), right = repeatedRows(sidewaysBack);
    return {left, top, crop.cols - left - right, crop.rows - top - bottom};
}

}  // namespace drgan::data
