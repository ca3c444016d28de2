// SPDX-License-Identifier: Apache-2.0
#include "face_crop.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace drgan {
namespace {

constexpr float maxCoordinate = 1e6F;  // pixels; cv::drgan refuses what lies beyond
constexpr int glimpseSide = 20;        // pixels

}  // namespace

bool alignable(const Face& f) {
    const cv::Mat row = f.row();
    const auto* values = row.ptr<float>();
    // NaN fails the comparison, too.
    if (!std::all_of(values, values + row.total(), [](float v) { return std::abs(v) <= maxCoordinate; }) ||
        !(f.box.width >= 1 && f.box.height >= 1)) {
        return false;
    }
    if (f.origin == Points::none) {
        return true;
    }
    const cv::Point2f d = (f.points[0] + f.points[1] - f.points[3] - f.points[4]) * 0.5F;
    return std::hypot(d.x, d.y) >= 1;
}

cv::Mat alignFace(const cv::drgan::Encoder& encoder, const FrameView& frame, const Face& face) {
    cv::Mat crop;
    if (!frame.direct().empty()) {
        encoder.alignCrop(frame.direct(), face.row(), crop);
        return crop;
    }
    // Converts only what the crop can touch: its far corner lies 0.8 box sides from the centre of an upright face; the
    // rest is room for points that are off.
    const float reach = 1.75F * std::max(face.box.width, face.box.height) + 16;
    const cv::Point2f c = centre(face.box);
    const cv::Rect2f wanted(c.x - reach, c.y - reach, 2 * reach, 2 * reach);
    cv::Rect region = cv::Rect(wanted & cv::Rect2f(cv::Point2f(), cv::Size2f(frame.size()))) & frame.bounds();
    if (region.empty()) {
        region = frame.bounds();
    }
    Face local = face;
    local.transform({1, 1}, -cv::Point2f(region.tl()));
    encoder.alignCrop(frame.bgr(region, region.size()), local.row(), crop);
    return crop;
}

cv::Mat glimpse(const FrameView& frame, const Face& face) {
    // By the points where they were measured: they lie on the face more steadily than a box.
    cv::Point2f c = centre(face.box);
    float side = std::max(face.box.width, face.box.height);
    if (face.origin == Points::measured) {
        const cv::Point2f eyes = (face.points[0] + face.points[1]) * 0.5F;
        const cv::Point2f mouth = (face.points[3] + face.points[4]) * 0.5F;
        c = (eyes + mouth) * 0.5F;
        side = 2.8F * std::hypot(eyes.x - mouth.x, eyes.y - mouth.y);
    }
    const cv::Rect2f wanted(c.x - side / 2, c.y - side / 2, side, side);
    const cv::Rect region = cv::Rect(wanted & cv::Rect2f(frame.bounds())) & frame.bounds();
    cv::Mat out = cv::Mat::zeros(1, glimpseSide * glimpseSide, CV_32F);
    if (region.empty()) {
        return out;
    }
    cv::Mat grey;
    cv::cvtColor(frame.bgr(region, {glimpseSide, glimpseSide}), grey, cv::COLOR_BGR2GRAY);
    grey.reshape(1, 1).convertTo(out, CV_32F);
    out -= cv::mean(out)[0];
    const double length = cv::norm(out);
    return length > 0 ? out / length : out;
}

}  // namespace drgan
