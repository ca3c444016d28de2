// SPDX-License-Identifier: Apache-2.0
#include "tracker.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace drgan {
namespace {

// How well a face fits a track, 0: not at all. Overlap decides; a small fast face that left its box still fits if it is
// near and of similar size.
float affinity(const cv::Rect2f& predicted, const cv::Rect2f& seen) {
    const float common = iou(predicted, seen);
    if (common >= 0.2F) {
        return 1 + common;
    }
    const float a = std::sqrt(predicted.area());
    const float b = std::sqrt(seen.area());
    if (a <= 0 || b <= 0 || std::max(a, b) > 1.8F * std::min(a, b)) {
        return 0;
    }
    const cv::Point2f d = centre(predicted) - centre(seen);
    const float distance = std::hypot(d.x, d.y) / std::min(a, b);
    return distance < 0.9F ? 1 - distance : 0;
}

// Score at which a face that was seen once is believed to be one when it is seen again: half, because a tracker that
// follows something unlike a face gives it less.
constexpr float seenAgainScore = 0.5F;
constexpr float velocityGain = 0.5F;
constexpr float maxSpeed = 4;                  // face sizes per second; faster is a mismatch
constexpr Time unwatched = 400 * millisecond;  // after this time unseen, it may be another face

// A key that two faces of a frame have identifies neither.
void dropAmbiguousKeys(std::vector<Face>& faces) {
    std::map<Key, int> claims;
    for (const auto& f : faces) {
        claims[f.key.value_or(0)] += f.key.has_value();
    }
    for (auto& f : faces) {
        if (f.key && claims[*f.key] > 1) {
            f.key.reset();
        }
    }
}

}  // namespace

void Tracker::predict(Time now) {
    const Time passed = started_ ? now - now_ : 0;
    const bool jumped = passed < 0 || passed > options.timeout;
    const float dt = jumped ? 0.F : static_cast<float>(passed) * 1e-9F;
    now_ = now;
    started_ = true;
    for (auto& t : tracks_) {
        t.fresh = t.interrupted = false;
        if (passed < 0) {
            t.lastSeen = now;  // the clock was set back: the age is unknown, start again
        }
        if (t.misses == 0 && !t.hidden && now - t.lastSeen <= options.coast) {
            t.face.transform({1, 1}, t.velocity * dt);
        }
    }
    for (size_t i = tracks_.size(); i-- > 0;) {
        if (now - tracks_[i].lastSeen > options.timeout) {
            end(tracks_[i].id);
        }
    }
}

void Tracker::match(Track& t, const Face& face) {
    const float dt = static_cast<float>(now_ - t.lastSeen) * 1e-9F;
    if (dt > 1e-3F && !t.hidden) {
        // The residual of the prediction corrects the velocity. After misses the box was not moved.
        const cv::Point2f step = (centre(face.box) - centre(t.face.box)) / dt;
        t.velocity = t.misses > 0 ? step * velocityGain : t.velocity + step * velocityGain;
        const float limit = maxSpeed * std::sqrt(face.box.area());
        const float speed = std::hypot(t.velocity.x, t.velocity.y);
        if (speed > limit && speed > 0) {
            t.velocity *= limit / speed;
        }
    } else {
        t.velocity = {};
    }
    const float yaw = t.face.yaw;
    t.face = face;
    if (face.origin == Points::none) {
        t.face.yaw = yaw;  // a plain box has no yaw
    }
    t.interrupted = t.hits > 0 && (t.hidden || t.misses > 0 || now_ - t.lastSeen > unwatched);
    t.key = face.key ? face.key : t.key;
    t.lastSeen = now_;
    t.misses = 0;
    t.hidden = false;
    t.fresh = true;
    if (t.hits < std::numeric_limits<int>::max()) {
        ++t.hits;
    }
}

// Faces that the landmark tracker or upstream has assigned to a track.
void Tracker::matchKnown(const std::vector<Face>& faces, std::vector<bool>& taken, std::vector<bool>& seen) {
    const auto isOf = [](const Face& f, const Track& t) {
        return f.followed >= 0 ? t.id == f.followed : f.key.has_value() && t.key == f.key;
    };
    for (size_t f = 0; f < faces.size(); ++f) {
        for (size_t t = 0; t < seen.size(); ++t) {
            if (!seen[t] && isOf(faces[f], tracks_[t])) {
                const bool near = affinity(tracks_[t].face.box, faces[f].box) > 0;
                match(tracks_[t], faces[f]);
                tracks_[t].interrupted = tracks_[t].interrupted || !near;
                taken[f] = seen[t] = true;
                break;
            }
        }
    }
}

void Tracker::matchPlaces(const std::vector<Face>& faces, std::vector<bool>& taken, std::vector<bool>& seen) {
    struct Pair {
        float score;
        size_t track, face;
    };
    std::vector<Pair> pairs;
    for (size_t t = 0; t < seen.size(); ++t) {
        for (size_t f = 0; f < faces.size(); ++f) {
            // A hidden track comes back by its embedding, through continueAs(); so does one whose place has another
            // key.
            const bool otherKey = faces[f].key && tracks_[t].key && faces[f].key != tracks_[t].key;
            if (seen[t] || taken[f] || tracks_[t].hidden || otherKey) {
                continue;
            }
            const float a = affinity(tracks_[t].face.box, faces[f].box);
            if (a > 0) {
                pairs.push_back({a, t, f});
            }
        }
    }
    std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.score > b.score; });
    for (const auto& p : pairs) {
        if (!seen[p.track] && !taken[p.face]) {
            match(tracks_[p.track], faces[p.face]);
            seen[p.track] = taken[p.face] = true;
        }
    }
}

void Tracker::update(const std::vector<Face>& reported, float sureScore) {
    std::vector<Face> faces = reported;
    dropAmbiguousKeys(faces);
    std::vector<bool> taken(faces.size(), false);
    const auto known = tracks_.size();
    std::vector<bool> seen(known, false);
    matchKnown(faces, taken, seen);
    matchPlaces(faces, taken, seen);

    for (size_t t = 0; t < known; ++t) {
        Track& track = tracks_[t];
        if (seen[t]) {
            const bool again = track.hits >= 2 && track.face.score >= std::min(sureScore, seenAgainScore);
            track.confirmed = track.confirmed || again || track.face.score >= sureScore;
            continue;
        }
        if (track.misses++ == 0) {
            track.velocity = {};  // it did not move as predicted
        }
        // Only one track stays on a face.
        const bool covered =
            std::any_of(faces.begin(), faces.end(), [&](const Face& f) { return iou(f.box, track.face.box) > 0.4F; });
        const bool gone = track.misses >= options.patience && now_ - track.lastSeen > options.coast;
        track.hidden = track.hidden || covered || gone;
    }
    for (size_t t = known; t-- > 0;) {
        if (!tracks_[t].confirmed && tracks_[t].misses >= 2) {
            end(tracks_[t].id);
        }
    }

    auto visible = std::count_if(tracks_.begin(), tracks_.end(), [](const Track& t) { return !t.hidden; });
    for (size_t f = 0; f < faces.size() && visible < options.maxTracks; ++f) {
        if (taken[f] || faces[f].doubted) {
            continue;
        }
        Track t;
        t.id = newId();
        t.firstSeen = t.lastSeen = now_;
        match(t, faces[f]);
        t.confirmed = faces[f].score >= sureScore;
        tracks_.push_back(t);
        ++visible;
    }
    // The number of hidden tracks is limited, too: the oldest end first.
    while (static_cast<int>(tracks_.size()) > 2 * options.maxTracks) {
        const auto oldest = std::min_element(tracks_.begin(), tracks_.end(), [](const Track& a, const Track& b) {
            return a.hidden != b.hidden ? a.hidden : a.lastSeen < b.lastSeen;
        });
        end(oldest->id);
    }
}

std::vector<Track> Tracker::takeEnded() { return std::exchange(ended_, {}); }

void Tracker::continueAs(int fresh, int old) {
    Track* a = find(fresh);
    Track* b = find(old);
    if (a == nullptr || b == nullptr || a == b) {
        return;
    }
    a->id = old;
    a->firstSeen = b->firstSeen;
    a->hits += std::min(b->hits, std::numeric_limits<int>::max() - a->hits);
    a->confirmed = true;
    tracks_.erase(tracks_.begin() + (b - tracks_.data()));
}

void Tracker::swapIds(int one, int other) {
    Track* a = find(one);
    Track* b = find(other);
    if (a != nullptr && b != nullptr) {
        std::swap(a->id, b->id);
        std::swap(a->hits, b->hits);
        std::swap(a->firstSeen, b->firstSeen);
        std::swap(a->confirmed, b->confirmed);
        // Both faces were seen until now.
        a->lastSeen = b->lastSeen = std::max(a->lastSeen, b->lastSeen);
    }
}

int Tracker::split(int id, Time since) {
    Track* old = find(id);
    if (old == nullptr) {
        return -1;
    }
    Track fresh = *old;
    fresh.id = newId();
    fresh.firstSeen = std::clamp(since, old->firstSeen, std::max(old->firstSeen, now_));
    fresh.hits = 1;
    old->key.reset();
    old->face.externalSlot = -1;
    old->hidden = true;
    old->fresh = old->interrupted = false;
    old->misses = std::max(1, old->misses);
    old->velocity = {};
    tracks_.push_back(fresh);
    return fresh.id;
}

void Tracker::end(int id) {
    const auto t = std::find_if(tracks_.begin(), tracks_.end(), [&](const Track& k) { return k.id == id; });
    if (t != tracks_.end()) {
        ended_.push_back(*t);
        tracks_.erase(t);
    }
}

void Tracker::endAll() {
    ended_.insert(ended_.end(), tracks_.begin(), tracks_.end());
    tracks_.clear();
    started_ = false;
}

Track* Tracker::find(int id) {
    const auto t = std::find_if(tracks_.begin(), tracks_.end(), [&](const Track& k) { return k.id == id; });
    return t == tracks_.end() ? nullptr : &*t;
}

bool Tracker::searching() const {
    return std::any_of(tracks_.begin(), tracks_.end(), [this](const Track& t) {
        return !t.hidden && ((t.misses > 0 && t.misses < options.patience) || !t.confirmed);
    });
}

int Tracker::newId() {
    do {
        lastId_ = lastId_ < std::numeric_limits<int>::max() ? lastId_ + 1 : 1;
    } while (find(lastId_) != nullptr);
    return lastId_;
}

}  // namespace drgan
