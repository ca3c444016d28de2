// SPDX-License-Identifier: Apache-2.0
#include "pipeline.hpp"

#include <algorithm>

#include "look.hpp"

namespace drgan {
namespace {

constexpr int encodesPerFrame = 4;
// A face that comes back where it was lost is likely the same person: less proof is asked of its embedding.
constexpr float samePlaceDiscount = 0.5F;
constexpr double redrawCosine = 0.98;

}  // namespace

Pipeline::Pipeline(Models models, const Options& options) : models_(std::move(models)) { setOptions(options); }

void Pipeline::setOptions(const Options& options) {
    options_ = options;
    tracker_.options.timeout = options.trackTimeout;
    tracker_.options.maxTracks = options.maxFaces;
    policy_.options.interval = options.encodeInterval;
    policy_.options.refresh = options.refreshInterval;
}

bool Pipeline::wantsLook(Time now) const {
    if (!models_.finder || options_.detectInterval <= 0) {
        return false;
    }
    // Upstream detectors may run every few frames only: frames in between are theirs, too.
    if (upstreamSeen_ && now >= lastUpstream_ && now - lastUpstream_ <= options_.trackTimeout) {
        return false;
    }
    if (framesSinceLook_ < 0 || framesSinceLook_ >= options_.detectInterval || tracker_.searching()) {
        return true;
    }
    // A slow stream must not time its tracks out between two looks.
    const auto& tracks = tracker_.tracks();
    return std::any_of(tracks.begin(), tracks.end(),
                       [&](const Track& t) { return !t.hidden && now - t.lastSeen > options_.trackTimeout / 2; });
}

std::vector<Face> Pipeline::select(const FrameView& frame, const std::vector<Face>& upstream) const {
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
    tracker_.predict(now);
    if (framesSinceLook_ >= 0 && framesSinceLook_ < options_.detectInterval) {
        ++framesSinceLook_;
    }
    std::vector<Face> faces;
    bool looked = true;
    float sureScore = 0;
    if (!upstream.empty()) {
        faces = select(frame, upstream);
        upstreamSeen_ = true;
        lastUpstream_ = now;
    } else if (mayInfer && wantsLook(now)) {
        faces = detect(*models_.finder, frame, options_.minFaceSize);
        sureScore = models_.finder->sureScore();
        framesSinceLook_ = 0;
    } else {
        looked = false;
    }
    if (looked) {
        // Large faces first: they are the ones to keep where there are too many.
        const auto n = std::min<size_t>(faces.size(), static_cast<size_t>(std::max(0, options_.maxFaces)));
        std::partial_sort(faces.begin(), faces.begin() + static_cast<std::ptrdiff_t>(n), faces.end(),
                          [](const Face& a, const Face& b) { return a.box.area() > b.box.area(); });
        faces.resize(n);
        tracker_.update(faces, sureScore);
    }
    collectEnded(result.events);
    if (looked && mayInfer) {
        encodeDue(frame, now, result);
    }
    for (const auto& t : tracker_.tracks()) {
        if (!t.confirmed || t.hidden) {
            continue;
        }
        announce(t, result);
        Identity& identity = identities_[t.id];
        if (options_.frontals && mayInfer) {
            draw(identity);
        }
        result.tracks.push_back(describe(t, identity));
    }
    return result;
}

void Pipeline::encodeDue(const FrameView& frame, Time now, Result& result) {
    std::vector<Track*> due;
    for (auto& t : tracker_.tracks()) {
        if (t.fresh && t.confirmed && !t.hidden && alignable(t.face) && policy_.due(identities_[t.id].record, now)) {
            due.push_back(&t);
        }
    }
    // Who waits longest goes first; who has nothing yet waits longest.
    std::sort(due.begin(), due.end(), [&](const Track* a, const Track* b) {
        const auto& ra = identities_[a->id].record;
        const auto& rb = identities_[b->id].record;
        return ra.any != rb.any ? !ra.any : ra.last < rb.last;
    });
    std::vector<int> ids;
    for (const auto* t : due) {
        ids.push_back(t->id);
    }
    int done = 0;
    for (const int id : ids) {
        Track* t = tracker_.find(id);  // encode() may have taken a hidden track out of the list
        if (t != nullptr && done < encodesPerFrame && encode(frame, *t, now, result)) {
            ++done;
        }
    }
}

bool Pipeline::encode(const FrameView& frame, Track& track, Time now, Result& result) {
    const cv::Mat crop = alignFace(*models_.encoder, frame, track.face);
    const float quality = pictureQuality(crop, std::max(track.face.box.width, track.face.box.height));
    if (policy_.judge(identities_[track.id].record, track.face.yaw, quality, now) == EncodePolicy::Reason::none) {
        return false;
    }
    cv::Mat embedding;
    float confidence = 0;
    models_.encoder->feature(crop, embedding, confidence);

    int id = track.id;
    if (identities_[id].fused.size() == 0 && !identities_[id].announced && track.face.externalId < 0) {
        const int old = recognise(track, embedding);
        if (old >= 0) {
            identities_.erase(id);
            tracker_.adopt(id, old);
            id = old;
        }
    }
    Identity& identity = identities_[id];
    const Track& current = *tracker_.find(id);
    identity.fused.add(embedding, confidence);
    identity.confidence = confidence;
    identity.crop = crop;
    policy_.note(identity.record, current.face.yaw, quality, now);
    announce(current, result);
    const double grown = identity.fused.totalConfidence() - identity.reportedTotal;
    if (identity.fused.size() == 1 || grown >= options_.updateThreshold) {
        identity.reportedTotal = identity.fused.totalConfidence();
        if (options_.frontals) {
            draw(identity);
        }
        result.events.push_back({Event::Kind::updated, describe(current, identity)});
    }
    return true;
}

int Pipeline::recognise(const Track& fresh, const cv::Mat& embedding) const {
    int found = -1;
    double best = 0;
    for (const auto& t : tracker_.tracks()) {
        const auto known = identities_.find(t.id);
        if (!t.hidden || t.id == fresh.id || !t.confirmed || known == identities_.end()) {
            continue;
        }
        const float iou = overlap(t.face.box, fresh.face.box);
        double likeness = iou;  // nothing but the place to go by
        double needed = 0.3;
        if (known->second.fused.size() > 0) {
            cv::Mat fused;
            known->second.fused.fused(fused);
            likeness = models_.encoder->match(fused, embedding);
            needed = models_.matchThreshold * (iou > 0.2F ? samePlaceDiscount : 1.F);
        }
        if (likeness >= needed && (found < 0 || likeness > best)) {
            found = t.id;
            best = likeness;
        }
    }
    return found;
}

void Pipeline::announce(const Track& track, Result& result) {
    Identity& identity = identities_[track.id];
    if (!identity.announced) {
        identity.announced = true;
        result.events.push_back({Event::Kind::created, describe(track, identity)});
    }
}

void Pipeline::draw(Identity& identity, bool exactly) {
    if (identity.fused.size() == 0) {
        return;
    }
    const auto poses = models_.decoder->poses();
    const float yaw = std::clamp(options_.yaw, poses.front(), poses.back());
    cv::Mat fused;
    identity.fused.fused(fused);
    const double grown = identity.fused.totalConfidence() - identity.drawnTotal;
    const bool current = !identity.drawnFrom.empty() && identity.drawnYaw == yaw &&
                         (exactly ? grown <= 0
                                  : grown < options_.updateThreshold &&
                                        models_.encoder->match(fused, identity.drawnFrom) > redrawCosine);
    if (current) {
        return;
    }
    cv::Mat face;
    models_.decoder->rotate(fused, yaw, face);
    identity.frontal = face;
    identity.drawnFrom = fused;
    identity.drawnTotal = identity.fused.totalConfidence();
    identity.drawnYaw = yaw;
}

TrackInfo Pipeline::describe(const Track& track, const Identity& identity) const {
    TrackInfo info;
    info.id = track.id;
    info.box = track.face.box;
    info.score = track.face.score;
    info.yaw = track.face.yaw;
    info.confidence = identity.confidence;
    info.images = identity.fused.size();
    info.totalConfidence = identity.fused.totalConfidence();
    info.slot = track.fresh ? track.face.externalSlot : -1;
    if (info.images > 0) {
        identity.fused.fused(info.embedding);
    }
    info.crop = identity.crop;
    info.frontal = identity.frontal;
    return info;
}

void Pipeline::collectEnded(std::vector<Event>& events) {
    for (const auto& t : tracker_.takeEnded()) {
        const auto found = identities_.find(t.id);
        if (found == identities_.end()) {
            continue;
        }
        if (found->second.announced) {
            if (options_.frontals) {
                draw(found->second, true);
            }
            events.push_back({Event::Kind::lost, describe(t, found->second)});
        }
        identities_.erase(found);
    }
}

std::vector<Event> Pipeline::finish() {
    std::vector<Event> events;
    tracker_.endAll();
    collectEnded(events);
    framesSinceLook_ = -1;
    upstreamSeen_ = false;
    return events;
}

}  // namespace drgan
