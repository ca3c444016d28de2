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

/// How a face's landmarks came about.
enum class Points {
    none,     ///< only a box is known
    nominal,  ///< where they lie on average in such a box: good enough to align, not to measure a yaw from
    measured  ///< found in the picture
};

/// What upstream's tracker calls a person that it follows. No id of ours: two of its keys may be one person for us, and
/// one key two people.
using Key = std::uint64_t;

/// A face as a detector or upstream metadata reports it, in pixels of the frame.
struct Face {
    cv::Rect2f box;
    Landmarks points{};
    Points origin = Points::none;
    float yaw = 0;           ///< degrees; a coarse label unless the points are measured
    float score = 0;         ///< in [0, 1]: how sure the source is that this is a face
    std::optional<Key> key;  ///< of upstream's tracker; none: upstream only found it, or own detection
    int externalSlot = -1;   ///< which of upstream's regions it is; < 0: own detection
    int followed = -1;       ///< id of the track that was followed to here; < 0: none
    bool doubted = false;    ///< the aligner sees no face: it may go on a track, it starts none and is not encoded

    /// What cv::drgan::alignCrop takes: a 1x15 FaceDetectorYN row, or a 1x4 box where no points are known.
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

    /// A row of cv::drgan::FaceFinder::find (15 values).
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

/// What lies of a box within a frame, in whole pixels; empty: nothing.
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
