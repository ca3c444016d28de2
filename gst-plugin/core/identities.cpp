// SPDX-License-Identifier: Apache-2.0
#include "identities.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <tuple>

#include "frame/face_crop.hpp"
#include "identity/reidentification.hpp"

namespace drgan {
namespace {

constexpr int encodesPerFrame = 4;
constexpr Time namelessAfter = 200 * millisecond;  // time in doubt
// A track is identified again with each of its pictures, and each time a stranger may get a name. As the fused
// embedding changes little, the probability for 13 pictures together is only twice that for one (docs/gallery.md).
constexpr double identificationsPerTrack = 2;
// On one frame, for tracks that are named anew because the gallery has changed. An exact search among 100,000 people
// takes 6 ms.
constexpr auto longestNaming = std::chrono::milliseconds(10);

}  // namespace

void Identities::setOptions(const PipelineOptions& options) {
    options_ = options;
    policy_.options.interval = options.encodeInterval;
    policy_.options.refresh = options.refreshInterval;
}

void Identities::update(const FrameView& frame, Time now, std::vector<Event>& events, FrameReport& report) {
    Frame all{frame, now, events, report, {}};
    resolveOcclusions(all);
    watch(all);
    encodeDue(all);
}

bool Identities::fitToEncode(const Track& t) {
    return t.fresh && t.confirmed && !t.hidden && !t.face.doubted && alignable(t.face);
}

void Identities::resolveOcclusions(Frame& frame) {
    if (!models_.aligner) {
        return;
    }
    occlusions_.update(tracker_.tracks());
    for (const auto& [first, second] :
         occlusions_.takeResolvable(tracker_.tracks(), frame.now, options_.encodeInterval)) {
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
                const StageTimer timer(frame.report.times, Stage::encode);
                float confidence = 0;
                models_.encoder->feature(alignFace(*models_.encoder, frame.view, t.face), seen[i], confidence);
            }
        }
        const auto cosineOf = [&](int face, int identity) -> std::optional<double> {
            if (seen[face].empty() || fused[identity].empty()) {
                return std::nullopt;
            }
            return similarity_(fused[identity], seen[face]);
        };
        if (isIdSwitch({cosineOf(0, 0), cosineOf(0, 1), cosineOf(1, 0), cosineOf(1, 1)}, matchThreshold())) {
            tracker_.swapIds(first, second);
            frame.report.swapped.emplace_back(first, second);
        }
    }
}

void Identities::watch(const Frame& frame) {
    for (const auto& t : tracker_.tracks()) {
        if (!t.fresh || t.hidden || !t.confirmed || !alignable(t.face)) {
            continue;
        }
        identities_[t.id].continuity.watch(glimpse(frame.view, t.face), t.interrupted, frame.now);
    }
}

void Identities::encodeDue(Frame& frame) {
    const Time now = frame.now;
    std::vector<Track*> due;
    for (auto& t : tracker_.tracks()) {
        const auto& identity = identities_[t.id];
        const bool known = identity.fused.size() > 0;
        // A face that may be another track's is not fused.
        const bool mixed = known && occlusions_.isUnresolved(t.id, now);
        const auto& continuity = identity.continuity;
        const bool asked = continuity.inDoubt() ? continuity.wantsPicture(now)
                                                : policy_.due(identity.record, now) || continuity.wantsPicture(now);
        if (fitToEncode(t) && !mixed && asked) {
            due.push_back(&t);
        }
    }
    // First the tracks without a picture, then those in doubt, then those that wait longest.
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
    for (const int id : ids) {
        const Track* t = tracker_.find(id);  // encode() may have removed a hidden track
        if (t != nullptr && done < encodesPerFrame && encode(frame, *t)) {
            ++done;
        }
    }
    // After all of them: if two people have changed places, each one's old track is hidden only now.
    for (const auto& s : frame.strangers) {
        const int id = resumeHidden(frame, s.track, s.excluded, s.pictures.back());
        for (const auto& p : s.pictures) {
            fuse(frame, id, p);
        }
    }
}

bool Identities::encode(Frame& frame, const Track& track) {
    const Time now = frame.now;
    Picture picture;
    picture.time = now;
    picture.yaw = track.face.yaw;
    Identity& identity = identities_[track.id];
    {
        StageTimer timer(frame.report.times, Stage::encode);
        picture.crop = alignFace(*models_.encoder, frame.view, track.face);
        picture.quality = pictureQuality(picture.crop, std::max(track.face.box.width, track.face.box.height));
        picture.reason = policy_.judge(identity.record, picture.yaw, picture.quality, now);
        if (picture.reason == EncodePolicy::Reason::none &&
            (identity.fused.size() == 0 || !identity.continuity.wantsPicture(now))) {
            timer.dismiss();
            return false;
        }
        embed(picture);
    }
    const auto rules = identityRules();
    if (identity.fused.size() == 0) {
        fuse(frame, resumeHidden(frame, track.id, -1, picture), picture);
        return true;
    }
    const auto verdict = identity.continuity.judge(picture, identity.fused, rules, similarity_);
    if (verdict == Continuity::Verdict::unclear) {
        ++frame.report.heldOut;
        return true;
    }
    std::vector<Picture> pictures = identity.continuity.takeHeld(picture, verdict, rules, similarity_);
    pictures.push_back(picture);
    const int id = track.id;
    if (verdict == Continuity::Verdict::other) {
        const int fresh = tracker_.split(id, pictures.front().time);
        identities_[fresh].continuity.resume(identity.continuity.newestGlimpse());
        frame.report.split.emplace_back(id, fresh);
        frame.strangers.push_back({fresh, id, std::move(pictures)});
        return true;
    }
    if (picture.reason == EncodePolicy::Reason::none) {
        pictures.pop_back();  // it only confirmed the person
    }
    for (const auto& p : pictures) {
        fuse(frame, id, p);
    }
    return true;
}

void Identities::embed(Picture& picture) const {
    if (!options_.frontals || models_.encoder->appearanceSize() == 0) {
        models_.encoder->feature(picture.crop, picture.embedding, picture.confidence);
        return;
    }
    cv::Mat confidence;
    models_.encoder->featuresAndAppearances(std::vector<cv::Mat>{picture.crop}, picture.embedding, confidence,
                                            picture.appearance);
    picture.confidence = confidence.at<float>(0);
}

// The id under which a new track continues: that of the hidden track of the same person, else its own.
int Identities::resumeHidden(Frame& frame, int fresh, int excluded, const Picture& picture) {
    const double needed = std::max(identityRules().same, matchThreshold());
    const int old =
        reidentify(tracker_.tracks(), identities_, *tracker_.find(fresh), picture, excluded, needed, similarity_);
    if (old < 0) {
        return fresh;
    }
    if (identities_[fresh].announced) {
        frame.events.push_back({Event::Kind::lost, describe(*tracker_.find(fresh), identities_[fresh])});
    }
    identities_[old].continuity.resume(identities_[fresh].continuity.newestGlimpse());
    identities_.erase(fresh);
    tracker_.continueAs(fresh, old);
    frame.report.reidentified.emplace_back(fresh, old);
    return old;
}

void Identities::fuse(Frame& frame, int id, const Picture& picture) {
    Identity& identity = identities_[id];
    const Track& track = *tracker_.find(id);
    identity.add(picture);
    identity.confidence = picture.confidence;
    identity.crop = picture.crop;
    identity.continuity.note(picture);
    policy_.note(identity.record, picture.yaw, picture.quality, picture.time);
    frame.report.encoded.push_back(
        {id, picture.reason, picture.yaw, picture.quality, picture.confidence, picture.time});
    announce(track, frame.events, frame.report);
    bool renamed = models_.gallery && identity.match(*models_.gallery, *models_.encoder, namingRule());
    const bool isSure = !identity.continuity.inDoubt() && !occlusions_.isUnresolved(id, frame.now);
    renamed |= visitors_.recognise(identity, *models_.encoder, namingRule(), isSure);
    const double grown = identity.fused.totalConfidence() - identity.reportedTotal;
    if (identity.fused.size() == 1 || grown >= options_.updateThreshold || renamed) {
        identity.reportedTotal = identity.fused.totalConfidence();
        if (options_.frontals) {
            draw(identity, false, frame.report);
        }
        frame.events.push_back({Event::Kind::updated, describe(track, identity)});
    }
}

void Identities::settleNames(Time now, std::vector<Event>& events) {
    if (!models_.gallery && !visitors_.isOn()) {
        return;
    }
    std::vector<NameHolders::Claim> claims;
    for (const auto& t : tracker_.tracks()) {
        const Identity& identity = identities_[t.id];
        if (!t.hidden && !identity.called().empty()) {
            claims.push_back({t.id, identity.called(), identity.similarityOfCalled()});
        }
    }
    names_.update(claims, Identity::nameSlack);
    for (const auto& t : tracker_.tracks()) {
        Identity& identity = identities_[t.id];
        const auto& c = identity.continuity;
        const bool unsure = c.inDoubt() && now - c.doubtedSince() > namelessAfter;
        const bool nameless =
            !identity.called().empty() && !t.hidden && (unsure || !names_.has(t.id, identity.called()));
        if (nameless == identity.nameless) {
            continue;
        }
        identity.nameless = nameless;
        bool reported = false;
        for (auto& e : events) {
            if (e.track.id == t.id && e.kind == Event::Kind::updated) {
                e.track = describe(t, identity);
                reported = true;
            }
        }
        if (!reported && identity.announced && !t.hidden) {
            events.push_back({Event::Kind::updated, describe(t, identity)});
        }
    }
}

void Identities::nameAgain() {
    for (auto& [id, identity] : identities_) {
        identity.nameDue = identity.fused.size() > 0;
    }
}

void Identities::nameDue(std::vector<Event>& events) {
    const auto end = std::chrono::steady_clock::now() + longestNaming;
    for (const auto& t : tracker_.tracks()) {
        const auto found = identities_.find(t.id);
        if (found == identities_.end() || !found->second.nameDue) {
            continue;
        }
        Identity& identity = found->second;
        identity.nameDue = false;
        const std::string before = identity.label;
        if (models_.gallery) {
            identity.match(*models_.gallery, *models_.encoder, namingRule());
        } else {
            identity.label.clear();
            identity.similarity = 0;
        }
        if (identity.label != before && identity.announced && !t.hidden) {
            events.push_back({Event::Kind::updated, describe(t, identity)});
        }
        if (std::chrono::steady_clock::now() >= end) {
            return;
        }
    }
}

const cv::drgan::Template* Identities::fused(int track) const {
    const auto found = identities_.find(track);
    return found != identities_.end() && found->second.fused.size() > 0 ? &found->second.fused : nullptr;
}

double Identities::matchThreshold() const {
    return options_.matchThreshold > -1 ? options_.matchThreshold : models_.matchThreshold;
}

cv::drgan::NamingRule Identities::namingRule() const {
    cv::drgan::NamingRule rule;
    rule.strangerRate = options_.strangerRate / identificationsPerTrack;
    rule.threshold = options_.matchThreshold;
    rule.thresholds = models_.thresholds;
    rule.matchThreshold = models_.matchThreshold;
    return rule;
}

// match-threshold may be higher for a large gallery: that does not matter for two pictures of one track.
IdentityRules Identities::identityRules() const {
    return IdentityRules::of(std::min<double>(matchThreshold(), models_.matchThreshold));
}

void Identities::draw(Identity& identity, bool exactly, FrameReport& report) {
    StageTimer timer(report.times, Stage::decode);
    if (!identity.draw(*models_.encoder, *models_.decoder, options_.yaw, exactly ? 0 : options_.updateThreshold)) {
        timer.dismiss();
    }
}

void Identities::announce(const Track& track, std::vector<Event>& events, FrameReport& report) {
    Identity& identity = identities_[track.id];
    if (!identity.announced) {
        identity.announced = true;
        ++report.created;
        events.push_back({Event::Kind::created, describe(track, identity)});
    }
}

TrackInfo Identities::show(const Track& track, bool mayDraw, std::vector<Event>& events, FrameReport& report) {
    announce(track, events, report);
    Identity& identity = identities_[track.id];
    if (options_.frontals && mayDraw) {
        draw(identity, false, report);
    }
    return describe(track, identity);
}

void Identities::collectEnded(bool mayDraw, std::vector<Event>& events, FrameReport& report) {
    for (const auto& t : tracker_.takeEnded()) {
        const auto found = identities_.find(t.id);
        if (found == identities_.end()) {
            continue;
        }
        if (found->second.announced) {
            if (options_.frontals && mayDraw) {
                draw(found->second, true, report);
            }
            events.push_back({Event::Kind::lost, describe(t, found->second)});
        }
        visitors_.learn(found->second);
        identities_.erase(found);
    }
}

size_t Identities::forgetEnded(std::vector<Event>& events) {
    const auto ended = tracker_.takeEnded();
    for (const auto& t : ended) {
        if (identities_[t.id].announced) {
            events.push_back({Event::Kind::lost, describe(t, {})});
        }
        visitors_.forget(identities_[t.id], names_.isOthers(t.id, identities_[t.id].visitor));
        identities_.erase(t.id);
    }
    return ended.size();
}

std::vector<int> Identities::tracksOf(const std::string& visitor) const {
    std::vector<int> tracks;
    for (const auto& [id, identity] : identities_) {
        if (identity.visitor == visitor || identity.visitorMade == visitor) {
            tracks.push_back(id);
        }
    }
    return tracks;
}

void Identities::forgetVisitorOf(int track) {
    const auto found = identities_.find(track);
    if (found != identities_.end()) {
        Identity& identity = found->second;
        visitors_.forget(identity, names_.isOthers(track, identity.visitor));
        if (identity.visitorMade.empty()) {
            identity.visitorMade = identity.visitor;  // so that the track does not become another one
        }
        identity.visitor.clear();
    }
}

}  // namespace drgan
