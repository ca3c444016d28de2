// SPDX-License-Identifier: Apache-2.0

#include "face_cutter.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/drgan/face_geometry.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace drgan::data {

namespace {

struct Face {
    Landmarks landmarks;
    cv::Point2f center;  // of the box
    float side = 0;      // of the box
};

cv::Point2f eyesMiddle(const Landmarks& l) { return (l[0] + l[1]) * 0.5F; }
cv::Point2f mouthMiddle(const Landmarks& l) { return (l[3] + l[4]) * 0.5F; }

Face fromRow(const cv::Mat& row) {
    const auto* v = row.ptr<float>();
    Face face;
    face.center = {v[0] + v[2] / 2, v[1] + v[3] / 2};
    face.side = std::max(v[2], v[3]);
    for (int k = 0; k < 5; ++k) {
        face.landmarks[k] = {v[4 + 2 * k], v[5 + 2 * k]};
    }
    return face;
}

/// The box where a detector would draw it.
Face fromLandmarks(const Landmarks& landmarks) {
    const cv::drgan::FaceSquare square = cv::drgan::faceSquare(eyesMiddle(landmarks), mouthMiddle(landmarks));
    return {landmarks, square.center, static_cast<float>(square.side)};
}

std::string pixels(float value) { return std::to_string(cvRound(value)); }

}  // namespace

FaceCutter::FaceCutter(const CutterOptions& options) : options_(options) {
    if (!options.listOnly) {
        finder_ = cv::drgan::FaceFinder::create(options.detector, options.bundle);
    }
}

FaceView FaceCutter::cut(const cv::Mat& picture, const Label& label) {
    Face face;
    FaceView view;
    if (finder_) {
        cv::Mat row;
        view.detected = finder_->findMain(picture, row);
        face = view.detected ? fromRow(row) : face;
    }
    if (label.hasLandmarks) {
        const Face listed = fromLandmarks(label.landmarks);
        // Elsewhere, it has found somebody else.
        view.detected = view.detected && cv::norm(face.center - listed.center) < 0.5F * listed.side;
        face = view.detected ? face : listed;
    } else if (!view.detected) {
        throw std::runtime_error(finder_ ? "no face found" : "no landmarks in the list, and no detector to find them");
    }
    const auto width = static_cast<float>(picture.cols);
    const auto height = static_cast<float>(picture.rows);
    for (const cv::Point2f& p : face.landmarks) {
        // Written so that NaN fails too.
        if (!(p.x > -width && p.x < 2 * width && p.y > -height && p.y < 2 * height)) {
            throw std::runtime_error("the landmarks lie outside the picture of " + std::to_string(picture.cols) + "x" +
                                     std::to_string(picture.rows) + " pixels");
        }
    }
    if (!(face.side >= options_.leastFace)) {
        throw std::runtime_error("the face is " + pixels(face.side) + " pixels large, expected at least " +
                                 pixels(options_.leastFace));
    }
    const int side = cvRound(face.side * options_.cropFactor);
    const cv::Rect square(cvRound(face.center.x) - side / 2, cvRound(face.center.y) - side / 2, side, side);
    const cv::Rect inside = square & cv::Rect(cv::Point(), picture.size());
    if (inside.empty()) {
        throw std::runtime_error("the face lies outside the picture of " + std::to_string(picture.cols) + "x" +
                                 std::to_string(picture.rows) + " pixels");
    }
    view.picture = picture(inside);
    view.square = square - inside.tl();
    cv::Point2f scale(1, 1);
    if (side > options_.largestSide) {
        const double factor = static_cast<double>(options_.largestSide) / side;
        cv::Mat smaller;
        cv::resize(view.picture, smaller, cv::Size(), factor, factor, cv::INTER_AREA);
        scale = {static_cast<float>(smaller.cols) / static_cast<float>(inside.width),
                 static_cast<float>(smaller.rows) / static_cast<float>(inside.height)};
        view.picture = smaller;
        view.square = cv::Rect(cvRound(view.square.x * factor), cvRound(view.square.y * factor), options_.largestSide,
                               options_.largestSide);
    }
    for (size_t i = 0; i < face.landmarks.size(); ++i) {
        // resize() keeps the corners of the pictures together, not the centres of their first pixels.
        const cv::Point2f p = face.landmarks[i] - cv::Point2f(inside.tl());
        view.landmarks[i] = {(p.x + 0.5F) * scale.x - 0.5F, (p.y + 0.5F) * scale.y - 0.5F};
    }
    return view;
}

}  // namespace drgan::data
