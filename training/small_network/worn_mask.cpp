// SPDX-License-Identifier: Apache-2.0
#include "small_network/worn_mask.hpp"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "run/random.hpp"
#include "small_network/scene_face.hpp"

namespace drgan::train {

namespace {

constexpr int fraction = 4;  // bits of a vertex's coordinates, so that small faces get smooth masks

/// Mostly the white and blue of medical ones.
cv::Scalar colour(std::mt19937_64& random) {
    const double kind = uniform(random, 0, 1);
    const auto around = [&](double r, double g, double b) {
        const double light = uniform(random, -0.3, 0.1);
        return cv::Scalar(r + light + uniform(random, -0.1, 0.1), g + light + uniform(random, -0.1, 0.1),
                          b + light + uniform(random, -0.1, 0.1));
    };
    if (kind < 0.3) {
        return around(0.8, 0.85, 0.9);
    }
    if (kind < 0.6) {
        return around(0.2, 0.5, 0.75);
    }
    if (kind < 0.8) {
        return around(-0.75, -0.75, -0.75);
    }
    return {uniform(random, -1, 1), uniform(random, -1, 1), uniform(random, -1, 1)};
}

}  // namespace

void wearMask(cv::Mat& picture, const Landmarks& p, std::mt19937_64& random) {
    const cv::Rect2d box = tightBox(p);
    const cv::Point2d eyes((p[0] + p[2]) / 2, (p[1] + p[3]) / 2), mouth((p[6] + p[8]) / 2, (p[7] + p[9]) / 2);
    const cv::Point2d nose(p[4], p[5]), down = mouth - eyes, side(box.width / 2, 0);
    const cv::Point2d middle(box.x + box.width / 2, (eyes.y + mouth.y) / 2);
    // From the bridge of the nose over the cheeks to below the chin; the nose says where the front is.
    const cv::Point2d bridge = eyes + (nose - eyes) * uniform(random, 0.35, 0.8);
    const double cheek = uniform(random, 0, 0.3), chin = uniform(random, 0.75, 1.05);
    const std::vector<cv::Point2d> outline{bridge,
                                           middle + side * 0.95 + down * (cheek - 0.1),
                                           middle + side * 0.85 + down * 0.75,
                                           mouth + down * chin + side * 0.35,
                                           mouth + down * chin - side * 0.35,
                                           middle - side * 0.85 + down * 0.75,
                                           middle - side * 0.95 + down * (cheek - 0.1)};
    std::vector<cv::Point> vertices;
    for (const cv::Point2d& v : outline) {
        vertices.emplace_back(cvRound(v.x * (1 << fraction)), cvRound(v.y * (1 << fraction)));
    }
    cv::Mat cover(picture.size(), CV_8U, cv::Scalar(0));
    cv::fillPoly(cover, std::vector<std::vector<cv::Point>>{vertices}, cv::Scalar(255), cv::LINE_AA, fraction);
    cv::Mat share, cloth(picture.size(), picture.type(), colour(random));
    // Folds: some of the face's light shows.
    cv::addWeighted(cloth, 0.9, picture, 0.1, 0, cloth);
    cover.convertTo(share, CV_32F, 1 / 255.);
    cv::cvtColor(share, share, cv::COLOR_GRAY2BGR);
    picture += share.mul(cloth - picture);
    cv::max(cv::min(picture, 1.F), -1.F, picture);
}

}  // namespace drgan::train
