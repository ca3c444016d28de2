// SPDX-License-Identifier: Apache-2.0
#include "pipeline.hpp"

#include <algorithm>

#include "frame/detect.hpp"
#include "frame/face_crop.hpp"

namespace drgan {
namespace {

// Frames between two detections while there are no tracks, or for this time after a face was lost; if the detect
// interval is longer.
constexpr int searchInterval = 5;
constexpr Time searchTime = 1000 * millisecond;

// Maximum number of boxes that the aligner confirms, per track that is allowed: upstream may send any number.
constexpr int boxesPerFace = 4;

// Keeps the faces of tracks first, then the largest.
void keepLargest(std::vector<Face>& faces, int most) {
    const auto n = std::min<size_t>(faces.size(), static_cast<size_t>(std::max(0, most)));
    std::partial_sort(faces.begin(), faces.begin() + static_cast<std::ptrdiff_t>(n), faces.end(),
                      [](const Face& a, const Face& b) {
                          const bool fa = a.followed >= 0;
                          return fa != (b.followed >= 0) ? fa : a.box.area() > b.box.area();
                      });
    faces.resize(n);
}

bool isIn(const std::vector<Face>& faces, int track) {
    return std::any_of(faces.begin(), faces.end(), [&](const Face& f) { return f.followed == track; });
}

}  // namespace

Pipeline::Pipeline(Models models, const Options& options) : models_(std::move(models)), identities_(models_, tracker_) {
    if (models_.aligner) {
        landmarkTracker_.emplace(models_.aligner);
    }
    setOptions(options);
}

void Pipeline::setOptions(const Options& options) {
    options_ = options;
    tracker_.options.timeout = options.trackTimeout;
    tracker_.options.maxTracks = options.maxFaces;
    identities_.setOptions(options);
}

void Pipeline::setGallery(const cv::Ptr<cv::drgan::Gallery>& gallery) {
    models_.gallery = gallery;
    identities_.nameAgain();
}

// Upstream's detector may run on every few frames only: it is responsible for the frames in between, too.
bool Pipeline::isUpstreams(Time now) const {
    return upstreamSeen_ && now >= lastUpstream_ && now - lastUpstream_ <= options_.trackTimeout;
}

bool Pipeline::wantsDetection(Time now, const std::vector<Face>& followed) const {
    if (!models_.finder || options_.detectInterval <= 0 || isUpstreams(now)) {
        return false;
    }
    if (framesSinceDetection_ < 0 || framesSinceDetection_ >= options_.detectInterval) {
        return true;
    }
    const auto& tracks = tracker_.tracks();
    const auto visible = [&](auto condition) {
        return std::any_of(tracks.begin(), tracks.end(), [&](const Track& t) { return !t.hidden && condition(t); });
    };
    if (landmarkTracker_) {
        const bool missed =
            visible([&](const Track& t) { return t.misses < tracker_.options.patience && !isIn(followed, t.id); });
        return missed || (framesSinceDetection_ >= searchInterval && (followed.empty() || lostRecently(now, followed)));
    }
    // Tracks of a slow stream must not time out between two detections.
    return tracker_.searching() ||
           visible([&](const Track& t) { return now - t.lastSeen > options_.trackTimeout / 2; });
}

// A face was lost within the last second.
bool Pipeline::lostRecently(Time now, const std::vector<Face>& followed) const {
    const auto& tracks = tracker_.tracks();
    return std::any_of(tracks.begin(), tracks.end(), [&](const Track& t) {
        return t.confirmed && !isIn(followed, t.id) && now - t.lastSeen <= searchTime;
    });
}

void Pipeline::confirm(const FrameView& frame, std::vector<Face>& faces) {
    const StageTimer timer(report_.times, Stage::align);
    keepLargest(faces, boxesPerFace * options_.maxFaces);
    landmarkTracker_->confirm(frame, faces);
    report_.doubted =
        static_cast<int>(std::count_if(faces.begin(), faces.end(), [](const Face& f) { return f.doubted; }));
}

// The faces of a frame without faces from upstream.
// @param observed set to whether tracks without a face were missed
std::vector<Face> Pipeline::trackAndDetect(const FrameView& frame, Time now, bool& observed) {
    std::vector<Face> faces;
    observed = false;
    // If only upstream may report faces, a face that it no longer reports is not tracked on.
    if (landmarkTracker_ && ((models_.finder && options_.detectInterval > 0) || isUpstreams(now))) {
        const StageTimer timer(report_.times, Stage::align);
        faces = landmarkTracker_->follow(frame, tracker_.tracks());
        report_.followed = static_cast<int>(faces.size());
        observed = true;
    }
    if (wantsDetection(now, faces)) {
        std::vector<Face> detections;
        {
            const StageTimer timer(report_.times, Stage::detect);
            detections = detect(*models_.finder, frame, options_.detectSize, options_.minFaceSize);
        }
        report_.found = static_cast<int>(detections.size());
        if (landmarkTracker_) {
            confirm(frame, detections);
            mergeDetections(detections, faces);
        } else {
            faces = std::move(detections);
        }
        observed = true;
        framesSinceDetection_ = 0;
    }
    return faces;
}

std::vector<Face> Pipeline::usableFaces(const FrameView& frame, const std::vector<Face>& upstream) const {
    const cv::Rect2f bounds(cv::Point2f(), cv::Size2f(frame.size()));
    std::vector<Face> faces;
    for (const auto& f : upstream) {
        if (std::max(f.box.width, f.box.height) >= options_.minFaceSize && alignable(f) && !(f.box & bounds).empty()) {
            faces.push_back(f);
        }
    }
    return faces;
}

Pipeline::Result Pipeline::process(const FrameView& frame, Time now, const std::vector<Face>& upstream, bool mayInfer) {
    Result result;
    report_ = {};
    report_.skipped = !mayInfer;
    tracker_.predict(now);
    if (framesSinceDetection_ >= 0 && framesSinceDetection_ < options_.detectInterval) {
        ++framesSinceDetection_;
    }
    std::vector<Face> faces;
    bool observed = true;
    float sureScore = 0;
    if (!upstream.empty()) {
        faces = usableFaces(frame, upstream);
        upstreamSeen_ = true;
        lastUpstream_ = now;
        if (landmarkTracker_ && mayInfer) {
            confirm(frame, faces);
        } else if (landmarkTracker_) {
            std::for_each(faces.begin(), faces.end(),
                          [](Face& f) { f.doubted = true; });  // not confirmed: there is no time for it
        }
    } else if (mayInfer) {
        faces = trackAndDetect(frame, now, observed);
        sureScore = models_.finder ? models_.finder->sureScore() : 0;
    } else {
        observed = false;
    }
    if (observed) {
        keepLargest(faces, options_.maxFaces);
        report_.faces = static_cast<int>(faces.size());
        tracker_.update(faces, sureScore);
    }
    identities_.collectEnded(mayInfer, result.events, report_);
    if (observed && mayInfer) {
        identities_.update(frame, now, result.events, report_);
    }
    identities_.nameDue(result.events);
    identities_.settleNames(now, result.events);
    for (const auto& t : tracker_.tracks()) {
        if (t.confirmed && !t.hidden) {
            result.tracks.push_back(identities_.show(t, mayInfer, result.events, report_));
        }
    }
    result.report = std::move(report_);
    return result;
}

size_t Pipeline::forget(int id, std::vector<Event>& events) {
    if (id < 0) {
        tracker_.endAll();
    } else {
        tracker_.end(id);
    }
    return identities_.forgetEnded(events);
}

bool Pipeline::forgetVisitor(const std::string& visitor, std::vector<Event>& events) {
    if (!identities_.forgetVisitor(visitor)) {
        return false;
    }
    for (const int track : identities_.tracksOf(visitor)) {
        tracker_.end(track);
    }
    identities_.forgetEnded(events);
    return true;
}

std::vector<Event> Pipeline::finish() {
    std::vector<Event> events;
    tracker_.endAll();
    identities_.collectEnded(true, events, report_);
    framesSinceDetection_ = -1;
    upstreamSeen_ = false;
    return events;
}

}  // namespace drgan
