// SPDX-License-Identifier: Apache-2.0
#include "follower.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/drgan/model_contract.hpp>

#include "frame/face_crop.hpp"

namespace drgan {
namespace {

// A face score that starts a track, and one that keeps it: a face that turns away or is half hidden scores less.
constexpr float newScore = 0.5F;
constexpr float keepScore = 0.3F;
constexpr float sameFace = 0.4F;            // IoU of two boxes on one face
constexpr float sameNeighbourhood = 0.15F;  // IoU of a box and of the face in it, which may be a part of it
constexpr float maxGrowth = 1.6F;           // of a face from one look to the next, a factor; more is another face

// Of a plain box's side.
constexpr auto eyesInBox = static_cast<float>(cv::drgan::contract::boxEyesY);
constexpr auto eyeMouthInBox = static_cast<float>(cv::drgan::contract::boxMouthY - cv::drgan::contract::boxEyesY);

// Faces with points, so that the rows of all go into one matrix. A plain box gets the two points that say where the
// aligner looks, as it would place them itself.
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

// From the eyes' middle to the mouth's, pixels: unlike the box, the same whoever found the face, and whatever its yaw.
float eyeMouth(const Face& f) {
    const cv::Point2f d = (f.points[0] + f.points[1] - f.points[3] - f.points[4]) * 0.5F;
    return std::hypot(d.x, d.y);
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

const cv::Mat& Follower::picture(const FrameView& frame, const cv::Mat& rows) {
    const float factor = aligner_->cropFactor();
    const auto size = static_cast<float>(aligner_->imageSize());
    canvas_.create(frame.size(), CV_8UC3);
    for (int i = 0; i < rows.rows; ++i) {
        // What a turned crop can touch: half its diagonal, and what is averaged into its outermost pixels. Its centre
        // lies at most 0.08 of the face's side beside the middle between eyes and mouth.
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

std::vector<Face> Follower::look(const FrameView& frame, const std::vector<Face>& faces) {
    // One row that the aligner refuses would cost all of them their look.
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

std::vector<Face> Follower::follow(const FrameView& frame, const std::vector<Track>& tracks) {
    std::vector<const Track*> visible;
    for (const auto& t : tracks) {
        if (!t.hidden) {
            visible.push_back(&t);
        }
    }
    // Where two tracks meet on one face, the one that is better known stays; the other is not seen.
    std::stable_sort(visible.begin(), visible.end(), [](const Track* a, const Track* b) {
        return a->confirmed != b->confirmed ? a->confirmed : a->hits > b->hits;
    });
    std::vector<Face> predicted;
    for (const auto* t : visible) {
        predicted.push_back(t->face);
    }
    const std::vector<Face> found = look(frame, predicted);
    const cv::Rect2f bounds(cv::Point2f(), cv::Size2f(frame.size()));
    std::vector<Face> kept;
    for (size_t i = 0; i < found.size(); ++i) {
        const bool there =
            found[i].score >= keepScore && plausible(predicted[i], found[i]) && bounds.contains(centre(found[i].box));
        const bool shared =
            std::any_of(kept.begin(), kept.end(), [&](const Face& k) { return iou(k.box, found[i].box) > sameFace; });
        if (there && !shared) {
            kept.push_back(found[i]);
            kept.back().followed = visible[i]->id;
        }
    }
    return kept;
}

void Follower::confirm(const FrameView& frame, std::vector<Face>& faces) {
    // The second look is at what the first one found, levelled: a detector's boxes may be off by much.
    std::vector<Face> found = look(frame, look(frame, faces));
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

void join(const std::vector<Face>& finds, std::vector<Face>& followed) {
    const size_t known = followed.size();
    const std::vector<Face> before = followed;
    std::vector<float> best(known, 0);
    for (const auto& find : finds) {
        if (find.doubted) {
            continue;
        }
        bool isNew = true;
        size_t nearest = known;
        for (size_t i = 0; i < followed.size(); ++i) {
            const float common = iou(find.box, i < known ? before[i].box : followed[i].box);
            isNew = isNew && common <= sameFace;
            if (i < known && common > sameFace && common > best[i]) {
                nearest = nearest == known || common > iou(find.box, before[nearest].box) ? i : nearest;
            }
        }
        if (isNew) {
            followed.push_back(find);
        } else if (nearest < known) {
            best[nearest] = iou(find.box, before[nearest].box);
            followed[nearest] = find;
            followed[nearest].followed = before[nearest].followed;
        }
    }
}

}  // namespace drgan
