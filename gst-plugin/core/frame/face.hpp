// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_FACE_HPP
#define DRGAN_CORE_FACE_HPP

#include <algorithm>
#include <array>
#include <cstdint>
#include <opencv2/core.hpp>
#include <optional>

namespace drgan {

/// Five points in pixels: right eye, left eye, nose tip, right and left mouth corner. "Right" is the subject's right.
using Landmarks = std::array<cv::Point2f, 5>;

/// Where a face's landmarks come from.
enum class Points {
    none,     ///< only a box is known
    nominal,  ///< average places in the box: good enough to align, but not to measure a yaw
    measured  ///< located in the picture
};

/// The id that upstream's tracker gives a face. Not a track id: two keys may be one person for the element, and one key
/// two people.
using Key = std::uint64_t;

/// A face as a detector or upstream metadata reports it, in pixels of the frame.
struct Face {
    cv::Rect2f box;
    Landmarks points{};
    Points origin = Points::none;
    float yaw = 0;           ///< degrees; a coarse label unless the points are measured
    float score = 0;         ///< in [0, 1]: the source's score that this is a face
    std::optional<Key> key;  ///< none: upstream does not track it, or own detection
    int externalSlot = -1;   ///< index of upstream's region; < 0: own detection
    int followed = -1;       ///< id of its track, if the landmark tracker knows it; < 0: none
    bool doubted = false;    ///< not confirmed by the aligner: may continue a track, but starts none and is not encoded

    /// The argument of cv::drgan::alignCrop: a 1x15 FaceDetectorYN row, or a 1x4 box if there are no landmarks.
    cv::Mat row() const {
        if (origin == Points::none) {
            return (cv::Mat_<float>(1, 4) << box.x, box.y, box.width, box.height);
        }
        cv::Mat out(1, 15, CV_32F);
        auto* v = out.ptr<float>();
        v[0] = box.x;
        v[1] = box.y;
        v[2] = box.width;
        v[3] = box.height;
        for (size_t i = 0; i < points.size(); ++i) {
            v[4 + 2 * i] = points[i].x;
            v[5 + 2 * i] = points[i].y;
        }
        v[14] = score;
        return out;
    }

    /// From a row of cv::drgan::FaceFinder::find (15 values).
    static Face fromRow(const float* row, Points origin) {
        Face f;
        f.box = {row[0], row[1], row[2], row[3]};
        for (size_t i = 0; i < f.points.size(); ++i) {
            f.points[i] = {row[4 + 2 * i], row[5 + 2 * i]};
        }
        f.origin = origin;
        f.score = row[14];
        return f;
    }

    /// Moves and scales box and points: new = old * scale + offset.
    void transform(cv::Point2f scale, cv::Point2f offset) {
        box = {box.x * scale.x + offset.x, box.y * scale.y + offset.y, box.width * scale.x, box.height * scale.y};
        for (auto& p : points) {
            p = {p.x * scale.x + offset.x, p.y * scale.y + offset.y};
        }
    }
};

/// Intersection over union, in [0, 1]; 0 if both boxes are empty.
inline float iou(const cv::Rect2f& a, const cv::Rect2f& b) {
    return (a & b).empty() ? 0.F : static_cast<float>(1 - cv::jaccardDistance(a, b));
}

/// The part of a box that is within a frame, in whole pixels; may be empty.
inline cv::Rect pixelBox(const cv::Rect2f& box, cv::Size frame) {
    const cv::Rect2f inside = box & cv::Rect2f(cv::Point2f(), cv::Size2f(frame));
    const int x = std::clamp(cvRound(inside.x), 0, std::max(0, frame.width - 1));
    const int y = std::clamp(cvRound(inside.y), 0, std::max(0, frame.height - 1));
    return {x, y, std::min(std::max(0, cvRound(inside.width)), frame.width - x),
            std::min(std::max(0, cvRound(inside.height)), frame.height - y)};
}

inline cv::Point2f centre(const cv::Rect2f& r) { return {r.x + r.width / 2, r.y + r.height / 2}; }

}  // namespace drgan

#endif
