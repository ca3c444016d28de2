// SPDX-License-Identifier: Apache-2.0
#include "encode_policy.hpp"

#include <algorithm>
#include <opencv2/imgproc.hpp>

namespace drgan {

int EncodePolicy::binOf(float yaw) {
    const int last = EncodeRecord::bins - 1;
    return std::clamp(cvRound((yaw + 90) * last / 180), 0, last);
}

bool EncodePolicy::due(const EncodeRecord& record, Time now) const {
    // A clock that was set back must not stop the encoding of a track.
    return !record.any || now < record.last || now - record.last >= options.interval;
}

EncodePolicy::Reason EncodePolicy::judge(const EncodeRecord& record, float yaw, float quality, Time now) const {
    if (!record.any) {
        return Reason::first;
    }
    if (!due(record, now)) {
        return Reason::none;
    }
    const float best = record.best[static_cast<size_t>(binOf(yaw))];
    if (best <= 0) {
        return Reason::newYaw;
    }
    if (quality > best * options.better) {
        return Reason::betterView;
    }
    return now < record.last || now - record.last >= options.refresh ? Reason::refresh : Reason::none;
}

void EncodePolicy::note(EncodeRecord& record, float yaw, float quality, Time now) const {
    float& best = record.best[static_cast<size_t>(binOf(yaw))];
    best = std::max(best, std::max(quality, 1e-6F));
    record.last = now;
    record.any = true;
}

float pictureQuality(const cv::Mat& crop, float faceSide) {
    // The face only, without edges of the background.
    const cv::Rect inner(crop.cols / 6, crop.rows / 6, std::max(1, crop.cols * 2 / 3), std::max(1, crop.rows * 2 / 3));
    cv::Mat grey;
    cv::Mat edges;
    cv::cvtColor(crop(inner), grey, cv::COLOR_BGR2GRAY);
    cv::Laplacian(grey, edges, CV_32F);
    cv::Scalar mean;
    cv::Scalar deviation;
    cv::meanStdDev(edges, mean, deviation);
    // 20 is about the deviation of a sharp face that fills its crop; such a face gets 0.5.
    const auto sharp = static_cast<float>(deviation[0] / (deviation[0] + 20));
    return std::max(1e-6F, sharp * std::min(1.F, faceSide / static_cast<float>(crop.cols)));
}

}  // namespace drgan
