// SPDX-License-Identifier: Apache-2.0
#include "landmark_tracker.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/drgan/model_contract.hpp>

#include "frame/face_crop.hpp"

namespace drgan {
namespace {

// Minimum face scores to start a track and to continue one: a face that turns away or is half hidden scores less.
constexpr float newScore = 0.5F;
constexpr float keepScore = 0.3F;
constexpr float sameFace = 0.4F;            // IoU of two boxes on one face
constexpr float sameNeighbourhood = 0.15F;  // IoU of a box and of the face in it, which may be a part of it
constexpr float restScore = 0.6F;           // minimum of a face that is not looked at in the next frame
constexpr double restChange = 0.02;         // maximum difference of its glimpses: below that of any jump
constexpr float maxGrowth = 1.6F;           // of a face from one update to the next, a factor; more is another face

// Of a plain box's side.
constexpr auto eyesInBox = static_cast<float>(cv::drgan::contract::boxEyesY);
constexpr auto eyeMouthInBox = static_cast<float>(cv::drgan::contract::boxMouthY - cv::drgan::contract::boxEyesY);

// Gives a plain box the two points that determine the aligner's crop, as the aligner itself would place them, so that
// the rows of all faces fit into one matrix.
Face withPoints(const Face& face) {
    Face out = face;
    if (face.origin == Points::none) {
        const float side = std::max(face.box.width, face.box.height);
        const cv::Point2f eyes = centre(face.box) + cv::Point2f(0, (eyesInBox - 0.5F) * side);
        const cv::Point2f mouth = eyes + cv::Point2f(0, eyeMouthInBox * side);
        out.points = {eyes, eyes, (eyes + mouth) * 0.5F, mouth, mouth};
        out.origin = Points::nominal;
    }
    return out;
}

// Distance from the midpoint of the eyes to that of the mouth, pixels. Unlike the box, it depends neither on the
// detector nor on the yaw.
float eyeMouth(const Face& f) {
    const cv::Point2f d = (f.points[0] + f.points[1] - f.points[3] - f.points[4]) * 0.5F;
    return std::hypot(d.x, d.y);
}

// A followed face that was not looked at. What else the track's face has, upstream's key and region, is of the frame in
// which it was seen last.
Face whereItWas(const Face& predicted) {
    Face face;
    face.box = predicted.box;
    face.points = predicted.points;
    face.origin = predicted.origin;
    face.yaw = predicted.yaw;
    face.score = predicted.score;
    return face;
}

bool plausible(const Face& before, const Face& now) {
    if (before.origin != Points::measured) {
        return true;
    }
    const float a = eyeMouth(before);
    const float b = eyeMouth(now);
    return a < maxGrowth * b && b < maxGrowth * a;
}

}  // namespace

const cv::Mat& LandmarkTracker::picture(const FrameView& frame, const cv::Mat& rows) {
    const float factor = aligner_->cropFactor();
    const auto size = static_cast<float>(aligner_->imageSize());
    canvas_.create(frame.size(), CV_8UC3);
    for (int i = 0; i < rows.rows; ++i) {
        // A rotated crop reads at most half its diagonal around its centre, plus what is averaged into its outermost
        // pixels. Its centre is at most 0.08 of the face's side from the midpoint between eyes and mouth.
        const Face face = Face::fromRow(rows.ptr<float>(i), Points::nominal);
        const float side = eyeMouth(face) / eyeMouthInBox;
        const float reach = (0.7072F * factor + 0.08F) * side + 3 * std::max(1.F, side * factor / size) + 2;
        const cv::Point2f c = (face.points[0] + face.points[1] + face.points[3] + face.points[4]) * 0.25F;
        const cv::Rect2f wanted(c.x - reach, c.y - reach, 2 * reach, 2 * reach);
        const cv::Rect region = cv::Rect(wanted & cv::Rect2f(frame.bounds())) & frame.bounds();
        if (!region.empty()) {
            frame.bgr(region, region.size()).copyTo(canvas_(region));
        }
    }
    return canvas_;
}

std::vector<Face> LandmarkTracker::locate(const FrameView& frame, const std::vector<Face>& faces) {
    // The aligner would reject the whole batch for one invalid row.
    std::vector<size_t> wanted;
    cv::Mat rows;
    for (size_t i = 0; i < faces.size(); ++i) {
        const Face face = withPoints(faces[i]);
        if (alignable(face)) {
            wanted.push_back(i);
            rows.push_back(face.row());
        }
    }
    std::vector<Face> found(faces.size());
    if (wanted.empty()) {
        return found;
    }
    cv::Mat out;
    aligner_->align(frame.direct().empty() ? picture(frame, rows) : frame.direct(), rows, out);
    for (size_t i = 0; i < wanted.size(); ++i) {
        const auto* row = out.ptr<float>(static_cast<int>(i));
        Face& face = found[wanted[i]];
        face = Face::fromRow(row, Points::measured);
        face.yaw = row[15];
        if (!alignable(face)) {
            face = {};
        }
    }
    return found;
}

bool LandmarkTracker::mayRest(const FrameView& frame, const Track& track, const std::vector<Face>& predicted) const {
    const auto look = looks_.find(track.id);
    if (look == looks_.end() || look->second.rested || !track.confirmed || track.misses > 0 ||
        track.face.origin != Points::measured || track.face.score < restScore) {
        return false;
    }
    const bool touched = std::count_if(predicted.begin(), predicted.end(), [&](const Face& other) {
                             return !(other.box & track.face.box).empty();
                         }) > 1;  // itself is one
    return !touched && 1 - glimpse(frame, track.face).dot(look->second.glimpse) < restChange;
}

std::vector<Face> LandmarkTracker::follow(const FrameView& frame, const std::vector<Track>& tracks) {
    std::vector<const Track*> visible;
    for (const auto& t : tracks) {
        if (!t.hidden) {
            visible.push_back(&t);
        }
    }
    // If two tracks are on one face, the better known one keeps it; the other is not seen.
    std::stable_sort(visible.begin(), visible.end(), [](const Track* a, const Track* b) {
        return a->confirmed != b->confirmed ? a->confirmed : a->hits > b->hits;
    });
    std::vector<Face> predicted;
    for (const auto* t : visible) {
        predicted.push_back(t->face);
    }
    std::vector<bool> rests;
    std::vector<Face> wanted;
    for (size_t i = 0; i < visible.size(); ++i) {
        rests.push_back(mayRest(frame, *visible[i], predicted));
        if (!rests[i]) {
            wanted.push_back(predicted[i]);
        }
    }
    const std::vector<Face> located = locate(frame, wanted);
    std::vector<Face> found;
    for (size_t i = 0, next = 0; i < visible.size(); ++i) {
        found.push_back(rests[i] ? whereItWas(predicted[i]) : located[next++]);
    }
    const cv::Rect2f bounds(cv::Point2f(), cv::Size2f(frame.size()));
    std::vector<Face> kept;
    std::map<int, Look> looks;
    for (size_t i = 0; i < found.size(); ++i) {
        const bool there =
            found[i].score >= keepScore && plausible(predicted[i], found[i]) && bounds.contains(centre(found[i].box));
        const bool shared =
            std::any_of(kept.begin(), kept.end(), [&](const Face& k) { return iou(k.box, found[i].box) > sameFace; });
        if (there && !shared) {
            kept.push_back(found[i]);
            kept.back().followed = visible[i]->id;
            const int id = visible[i]->id;
            looks[id] = rests[i] ? Look{looks_.at(id).glimpse, true} : Look{glimpse(frame, found[i]), false};
        }
    }
    looks_ = std::move(looks);
    return kept;
}

void LandmarkTracker::confirm(const FrameView& frame, std::vector<Face>& faces) {
    // The second pass is at the result of the first, rotated upright: a detector's boxes may be inaccurate.
    std::vector<Face> found = locate(frame, locate(frame, faces));
    for (size_t i = 0; i < faces.size(); ++i) {
        Face& face = faces[i];
        face.doubted = !(found[i].score >= newScore && iou(face.box, found[i].box) >= sameNeighbourhood);
        if (face.doubted) {
            continue;
        }
        if (face.externalSlot < 0) {
            face.box = found[i].box;
        }
        if (face.origin != Points::measured) {
            face.points = found[i].points;
            face.origin = Points::measured;
            face.yaw = found[i].yaw;
        }
    }
}

void mergeDetections(const std::vector<Face>& detections, std::vector<Face>& followed) {
    const size_t known = followed.size();
    const std::vector<Face> before = followed;
    std::vector<float> best(known, 0);
    for (const auto& detection : detections) {
        if (detection.doubted) {
            continue;
        }
        bool isNew = true;
        size_t nearest = known;
        for (size_t i = 0; i < followed.size(); ++i) {
            const float common = iou(detection.box, i < known ? before[i].box : followed[i].box);
            isNew = isNew && common <= sameFace;
            if (i < known && common > sameFace && common > best[i]) {
                nearest = nearest == known || common > iou(detection.box, before[nearest].box) ? i : nearest;
            }
        }
        if (isNew) {
            followed.push_back(detection);
        } else if (nearest < known) {
            best[nearest] = iou(detection.box, before[nearest].box);
            followed[nearest] = detection;
            followed[nearest].followed = before[nearest].followed;
        }
    }
}

}  // namespace drgan
