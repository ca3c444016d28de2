// SPDX-License-Identifier: Apache-2.0
//
// The second half of a frame: whose faces they are, and what is new of them.
#include <algorithm>

#include "look.hpp"
#include "pipeline.hpp"

namespace drgan {
namespace {

constexpr int encodesPerFrame = 4;
// A face that comes back where it was lost is likely the same person: less proof is asked of its embedding.
constexpr float samePlaceDiscount = 0.5F;

}  // namespace

bool Pipeline::fitToEncode(const Track& t) const {
    return t.fresh && t.confirmed && !t.hidden && !t.face.doubted && alignable(t.face);
}

void Pipeline::settleCrossings(const FrameView& frame, Time now) {
    if (!follower_) {
        return;
    }
    crossings_.update(tracker_.tracks());
    for (const auto& [first, second] : crossings_.takeDue(tracker_.tracks(), now, options_.encodeInterval)) {
        cv::Mat fused[2];
        cv::Mat seen[2];
        const int ids[] = {first, second};
        for (int i = 0; i < 2; ++i) {
            const Track& t = *tracker_.find(ids[i]);
            const auto& known = identities_[t.id].fused;
            if (known.size() > 0) {
                known.fused(fused[i]);
            }
            if (fitToEncode(t)) {
                const StageTimer timer(report_.times, Stage::encode);
                float confidence = 0;
                models_.encoder->feature(alignFace(*models_.encoder, frame, t.face), seen[i], confidence);
            }
        }
        const auto likeness = [&](int face, int identity) -> std::optional<double> {
            if (seen[face].empty() || fused[identity].empty()) {
                return std::nullopt;
            }
            return models_.encoder->match(fused[identity], seen[face]);
        };
        if (haveSwapped({likeness(0, 0), likeness(0, 1), likeness(1, 0), likeness(1, 1)}, matchThreshold())) {
            tracker_.exchange(first, second);
            report_.exchanged.emplace_back(first, second);
        }
    }
}

void Pipeline::encodeDue(const FrameView& frame, Time now, Result& result) {
    std::vector<Track*> due;
    for (auto& t : tracker_.tracks()) {
        const auto& identity = identities_[t.id];
        // What may be another one's face must not get into a template.
        const bool mixed = identity.fused.size() > 0 && crossings_.isOpen(t.id, now);
        if (fitToEncode(t) && !mixed && policy_.due(identity.record, now)) {
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
    cv::Mat crop;
    cv::Mat embedding;
    float quality = 0;
    float confidence = 0;
    auto reason = EncodePolicy::Reason::none;
    {
        StageTimer timer(report_.times, Stage::encode);
        crop = alignFace(*models_.encoder, frame, track.face);
        quality = pictureQuality(crop, std::max(track.face.box.width, track.face.box.height));
        reason = policy_.judge(identities_[track.id].record, track.face.yaw, quality, now);
        if (reason == EncodePolicy::Reason::none) {
            timer.dismiss();
            return false;
        }
        models_.encoder->feature(crop, embedding, confidence);
    }

    int id = track.id;
    if (identities_[id].fused.size() == 0 && !identities_[id].announced && track.face.externalId < 0) {
        const int old = recognise(track, embedding);
        if (old >= 0) {
            identities_.erase(id);
            tracker_.adopt(id, old);
            report_.recognised.emplace_back(id, old);
            id = old;
        }
    }
    Identity& identity = identities_[id];
    const Track& current = *tracker_.find(id);
    identity.fused.add(embedding, confidence);
    identity.confidence = confidence;
    identity.crop = crop;
    policy_.note(identity.record, current.face.yaw, quality, now);
    report_.encoded.push_back({id, reason, current.face.yaw, quality, confidence});
    announce(current, result);
    const bool renamed = models_.gallery && identity.match(*models_.gallery, *models_.encoder, matchThreshold());
    const double grown = identity.fused.totalConfidence() - identity.reportedTotal;
    if (identity.fused.size() == 1 || grown >= options_.updateThreshold || renamed) {
        identity.reportedTotal = identity.fused.totalConfidence();
        if (options_.frontals) {
            draw(identity, false);
        }
        result.events.push_back({Event::Kind::updated, describe(current, identity)});
    }
    return true;
}

double Pipeline::matchThreshold() const {
    return options_.matchThreshold > -1 ? options_.matchThreshold : models_.matchThreshold;
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
            needed = matchThreshold() * (iou > 0.2F ? samePlaceDiscount : 1.F);
        }
        if (likeness >= needed && (found < 0 || likeness > best)) {
            found = t.id;
            best = likeness;
        }
    }
    return found;
}

void Pipeline::draw(Identity& identity, bool exactly) {
    StageTimer timer(report_.times, Stage::decode);
    if (!identity.draw(*models_.encoder, *models_.decoder, options_.yaw, exactly ? 0 : options_.updateThreshold)) {
        timer.dismiss();
    }
}

void Pipeline::announce(const Track& track, Result& result) {
    Identity& identity = identities_[track.id];
    if (!identity.announced) {
        identity.announced = true;
        ++report_.created;
        result.events.push_back({Event::Kind::created, describe(track, identity)});
    }
}

}  // namespace drgan
