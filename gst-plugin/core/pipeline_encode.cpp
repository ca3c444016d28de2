// SPDX-License-Identifier: Apache-2.0
//
// The second half of a frame: whose faces they are, and what is new of them.
#include <algorithm>
#include <tuple>

#include "frame/look.hpp"
#include "identity/recognition.hpp"
#include "pipeline.hpp"

namespace drgan {
namespace {

constexpr int encodesPerFrame = 4;
constexpr Time namelessAfter = 200 * millisecond;  // of doubt whom a track shows
// A track is asked who it is with each of its pictures, and each time a stranger may get a name. What is fused changes
// little, so that the chances do not add up; of 13 pictures together they are twice those of one (docs/gallery.md).
constexpr double chancesOfATrack = 2;

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

void Pipeline::watch(const FrameView& frame, Time now) {
    for (const auto& t : tracker_.tracks()) {
        if (!t.fresh || t.hidden || !t.confirmed || !alignable(t.face)) {
            continue;
        }
        identities_[t.id].continuity.watch(glimpse(frame, t.face), t.interrupted, now);
    }
}

void Pipeline::encodeDue(const FrameView& frame, Time now, Result& result) {
    std::vector<Track*> due;
    for (auto& t : tracker_.tracks()) {
        const auto& identity = identities_[t.id];
        const bool known = identity.fused.size() > 0;
        // What may be another one's face must not get into a template.
        const bool mixed = known && crossings_.isOpen(t.id, now);
        const auto& continuity = identity.continuity;
        const bool asked = continuity.inDoubt() ? continuity.wantsLook(now)
                                                : policy_.due(identity.record, now) || continuity.wantsLook(now);
        if (fitToEncode(t) && !mixed && asked) {
            due.push_back(&t);
        }
    }
    // Who has nothing yet goes first, then whom it is not known whom it shows, then who waits longest.
    const auto rank = [&](const Track* t) {
        const auto& identity = identities_[t->id];
        return std::make_tuple(identity.record.any, !identity.continuity.inDoubt(), identity.record.last);
    };
    std::sort(due.begin(), due.end(), [&](const Track* a, const Track* b) { return rank(a) < rank(b); });
    std::vector<int> ids;
    for (const auto* t : due) {
        ids.push_back(t->id);
    }
    int done = 0;
    std::vector<Stranger> strangers;
    for (const int id : ids) {
        const Track* t = tracker_.find(id);  // encode() may have taken a hidden track out of the list
        if (t != nullptr && done < encodesPerFrame && encode(frame, *t, now, result, strangers)) {
            ++done;
        }
    }
    // After all of them: two who have changed places are each other's hidden track only now.
    for (const auto& s : strangers) {
        const int id = knownAs(s.track, s.notThis, s.pictures.back(), result);
        for (const auto& p : s.pictures) {
            fuse(id, p, result);
        }
    }
}

bool Pipeline::encode(const FrameView& frame, const Track& track, Time now, Result& result,
                      std::vector<Stranger>& strangers) {
    Picture picture;
    picture.time = now;
    picture.yaw = track.face.yaw;
    Identity& identity = identities_[track.id];
    {
        StageTimer timer(report_.times, Stage::encode);
        picture.crop = alignFace(*models_.encoder, frame, track.face);
        picture.quality = pictureQuality(picture.crop, std::max(track.face.box.width, track.face.box.height));
        picture.reason = policy_.judge(identity.record, picture.yaw, picture.quality, now);
        if (picture.reason == EncodePolicy::Reason::none &&
            (identity.fused.size() == 0 || !identity.continuity.wantsLook(now))) {
            timer.dismiss();
            return false;
        }
        models_.encoder->feature(picture.crop, picture.embedding, picture.confidence);
    }
    const auto rules = identityRules();
    const auto similarity = [this](const cv::Mat& a, const cv::Mat& b) { return models_.encoder->match(a, b); };
    if (identity.fused.size() == 0) {
        fuse(knownAs(track.id, -1, picture, result), picture, result);
        return true;
    }
    const auto verdict = identity.continuity.judge(picture, identity.fused, rules, similarity);
    if (verdict == Continuity::Verdict::unclear) {
        ++report_.heldOut;
        return true;
    }
    std::vector<Picture> pictures = identity.continuity.takeHeld(picture, verdict, rules, similarity);
    pictures.push_back(picture);
    const int id = track.id;
    if (verdict == Continuity::Verdict::other) {
        const int fresh = tracker_.part(id, pictures.front().time);
        identities_[fresh].continuity.resume(identity.continuity.sight());
        report_.parted.emplace_back(id, fresh);
        strangers.push_back({fresh, id, std::move(pictures)});
        return true;
    }
    if (picture.reason == EncodePolicy::Reason::none) {
        pictures.pop_back();  // it has shown that it is the same person, and adds nothing
    }
    for (const auto& p : pictures) {
        fuse(id, p, result);
    }
    return true;
}

// The id that a face's new track goes on under: that of a hidden track whose person it is, else its own.
int Pipeline::knownAs(int fresh, int notThis, const Picture& picture, Result& result) {
    const auto similarity = [this](const cv::Mat& a, const cv::Mat& b) { return models_.encoder->match(a, b); };
    const double needed = std::max(identityRules().same, matchThreshold());
    const int old =
        findAgain(tracker_.tracks(), identities_, *tracker_.find(fresh), picture, notThis, needed, similarity);
    if (old < 0) {
        return fresh;
    }
    if (identities_[fresh].announced) {
        result.events.push_back({Event::Kind::lost, describe(*tracker_.find(fresh), identities_[fresh])});
    }
    identities_[old].continuity.resume(identities_[fresh].continuity.sight());
    identities_.erase(fresh);
    tracker_.adopt(fresh, old);
    report_.recognised.emplace_back(fresh, old);
    return old;
}

void Pipeline::fuse(int id, const Picture& picture, Result& result) {
    Identity& identity = identities_[id];
    const Track& track = *tracker_.find(id);
    identity.fused.add(picture.embedding, picture.confidence);
    identity.confidence = picture.confidence;
    identity.crop = picture.crop;
    identity.continuity.note(picture);
    policy_.note(identity.record, picture.yaw, picture.quality, picture.time);
    report_.encoded.push_back({id, picture.reason, picture.yaw, picture.quality, picture.confidence, picture.time});
    announce(track, result);
    const bool renamed = models_.gallery && identity.match(*models_.gallery, *models_.encoder, namingRule());
    const double grown = identity.fused.totalConfidence() - identity.reportedTotal;
    if (identity.fused.size() == 1 || grown >= options_.updateThreshold || renamed) {
        identity.reportedTotal = identity.fused.totalConfidence();
        if (options_.frontals) {
            draw(identity, false);
        }
        result.events.push_back({Event::Kind::updated, describe(track, identity)});
    }
}

// One name, one track. What this frame's events have told already is put right.
void Pipeline::settleNames(Time now, Result& result) {
    if (!models_.gallery) {
        return;
    }
    std::vector<NameHolders::Claim> claims;
    for (const auto& t : tracker_.tracks()) {
        const Identity& identity = identities_[t.id];
        if (!t.hidden && !identity.label.empty()) {
            claims.push_back({t.id, identity.label, identity.similarity});
        }
    }
    names_.update(claims, Identity::nameSlack);
    for (const auto& t : tracker_.tracks()) {
        Identity& identity = identities_[t.id];
        const auto& c = identity.continuity;
        const bool unsure = c.inDoubt() && now - c.doubtedSince() > namelessAfter;
        const bool nameless = !identity.label.empty() && !t.hidden && (unsure || !names_.has(t.id, identity.label));
        if (nameless == identity.nameless) {
            continue;
        }
        identity.nameless = nameless;
        bool told = false;
        for (auto& e : result.events) {
            if (e.track.id == t.id && e.kind == Event::Kind::updated) {
                e.track = describe(t, identity);
                told = true;
            }
        }
        if (!told && identity.announced && !t.hidden) {
            result.events.push_back({Event::Kind::updated, describe(t, identity)});
        }
    }
}

double Pipeline::matchThreshold() const {
    return options_.matchThreshold > -1 ? options_.matchThreshold : models_.matchThreshold;
}

cv::drgan::NamingRule Pipeline::namingRule() const {
    cv::drgan::NamingRule rule;
    rule.strangerRate = options_.strangerRate / chancesOfATrack;
    rule.threshold = options_.matchThreshold;
    rule.thresholds = models_.thresholds;
    rule.matchThreshold = models_.matchThreshold;
    return rule;
}

// A threshold that is set higher for a large gallery says nothing of two pictures of one track.
IdentityRules Pipeline::identityRules() const {
    return IdentityRules::of(std::min<double>(matchThreshold(), models_.matchThreshold));
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
