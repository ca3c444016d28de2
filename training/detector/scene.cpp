// SPDX-License-Identifier: Apache-2.0
#include "detector/scene.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "run/picture.hpp"

namespace drgan::train {

namespace {

/// Share of the piece in each of its pixels, CV_32F.
cv::Mat opacity(const Mask& mask, int side) {
    cv::Mat_<float> share(side, side);
    share.forEach([&](float& value, const int* at) {
        const double u = (2 * at[1] + 1.0) / side - 1, v = (2 * at[0] + 1.0) / side - 1;  // -1..1
        const double outline =
            std::pow(std::pow(std::abs(u / mask.reach), mask.round) + std::pow(std::abs(v / mask.reach), mask.round),
                     1 / mask.round);
        const double t = std::clamp((1 - outline) / mask.fade, 0.0, 1.0);
        value = static_cast<float>(t * t * (3 - 2 * t));  // without a kink at either end
    });
    return std::move(share);
}

/// From pixels of a piece of `from` pixels to those of the scene.
cv::Matx23d toScene(const Square& place, int from) {
    const double angle = place.roll * CV_PI / 180, scale = place.side / from, middle = (from - 1) / 2.0;
    const double c = scale * std::cos(angle), s = scale * std::sin(angle);
    return {c, -s, place.x - (c - s) * middle, s, c, place.y - (s + c) * middle};
}

}  // namespace

void Scene::put(const cv::Mat& piece, const Square& place, const Mask& mask) {
    const double reach = place.side * M_SQRT1_2 + 1;
    const cv::Rect region = cv::Rect(cv::Point(cvFloor(place.x - reach), cvFloor(place.y - reach)),
                                     cv::Point(cvCeil(place.x + reach) + 1, cvCeil(place.y + reach) + 1)) &
                            cv::Rect(0, 0, side(), side());
    if (region.empty()) {
        return;
    }
    cv::Mat source = piece;
    if (place.side < piece.cols) {  // no pixel is left out of the mean
        const int reduced = std::max(1, cvRound(place.side));
        cv::resize(piece, source, {reduced, reduced}, 0, 0, cv::INTER_AREA);
    }
    cv::Matx23d toRegion = toScene(place, source.cols);
    toRegion(0, 2) -= region.x;
    toRegion(1, 2) -= region.y;
    cv::Mat warped, share;
    cv::warpAffine(source, warped, toRegion, region.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    cv::warpAffine(opacity(mask, source.cols), share, toRegion, region.size(), cv::INTER_LINEAR, cv::BORDER_CONSTANT);
    cv::cvtColor(share, share, cv::COLOR_GRAY2BGR);
    cv::Mat behind = picture_(region);
    behind += share.mul(warped - behind);
}

void Scene::putFace(const cv::Mat& piece, const Landmarks& landmarks, const Square& place, const Mask& mask) {
    put(piece, place, mask);
    const cv::Matx23d transform = toScene(place, piece.cols);
    Landmarks moved{};
    for (int i = 0; i < 10; i += 2) {
        const cv::Vec2d p = transform * cv::Vec3d(landmarks[i], landmarks[i + 1], 1);
        moved[i] = static_cast<float>(p[0]);
        moved[i + 1] = static_cast<float>(p[1]);
    }
    faces_.push_back({moved, tightBox(moved)});
}

void sharpen(cv::Mat& picture, double amount) {
    cv::Mat mean;
    cv::blur(picture, mean, {3, 3});
    cv::addWeighted(picture, 1 + amount, mean, -amount, 0, picture);
    clamp(picture);
}

}  // namespace drgan::train
