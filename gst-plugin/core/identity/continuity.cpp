// SPDX-License-Identifier: Apache-2.0
#include "continuity.hpp"

#include <algorithm>
#include <cmath>

namespace drgan {
namespace {

// Of the correlation of two glimpses, what is missing to 1. From one sighting to the next: above it, or above so many
// times what is usual on this track, something else is there. Frontal faces under one light are much alike at a
// glimpse.
constexpr double jump = 0.25;
constexpr double unusual = 4;
constexpr double leastJump = 0.04;
constexpr double usualGain = 0.1;
// The same to the newest picture that fitted: what changed slowly has changed, too.
constexpr double drift = 0.4;
constexpr double driftUnusual = 6;
constexpr double leastDrift = 0.1;
constexpr float sameSide = 15;  // degrees of yaw

constexpr Time lookInterval = 60 * millisecond;
constexpr Time driftInterval = 120 * millisecond;
constexpr Time longDoubt = 1000 * millisecond;  // after it, looks become rarer
constexpr Time laterInterval = 200 * millisecond;
constexpr Time chain = 500 * millisecond;  // a face does not turn by more than a bin or two in this time

constexpr size_t mostHeld = 8;
constexpr int fairLooks = 2;  // in a row that did not fit, of fair confidence, to decide
constexpr int anyLooks = 3;   // of less

int binOf(float yaw) { return EncodePolicy::binOf(yaw); }

double difference(const cv::Mat& a, const cv::Mat& b) { return 1 - a.dot(b); }

}  // namespace

IdentityRules IdentityRules::of(double threshold) {
    IdentityRules r{};
    r.other = threshold;
    r.same = std::min(2 * threshold, (1 + threshold) / 2);  // twice as alike, or half of what is left to 1
    r.decide = r.other + 0.6 * (r.same - r.other);
    return r;
}

void Continuity::watch(const cv::Mat& glimpse, bool interrupted, Time now) {
    bool jumped = false;
    if (!seen_.empty()) {
        const double changed = difference(glimpse, seen_);
        jumped = changed > std::min(jump, std::max(leastJump, unusual * usualChange_));
        usualChange_ += jumped || interrupted ? 0 : usualGain * (changed - usualChange_);
    }
    seen_ = glimpse;
    if (interrupted || jumped) {
        if (!doubted_) {
            doubted_ = now;
        }
        if (!abrupt_ || jumped) {
            looked_.reset();  // at once
        }
        abrupt_ = true;
    }
}

void Continuity::resume(const cv::Mat& glimpse) {
    seen_ = glimpse;
    held_.clear();
    settle(true);
}

bool Continuity::mayLook(Time now) const {
    const bool rare = doubted_ && now - *doubted_ > longDoubt;
    return !looked_ || now < *looked_ || now - *looked_ >= (rare ? laterInterval : lookInterval);
}

bool Continuity::hasDrifted() const {
    return !verified_.empty() && !seen_.empty() &&
           difference(verified_, seen_) > std::min(drift, std::max(leastDrift, driftUnusual * usualChange_));
}

bool Continuity::wantsLook(Time now) const {
    if (doubted_) {
        return mayLook(now);
    }
    return hasDrifted() && (!looked_ || now < *looked_ || now - *looked_ >= driftInterval);
}

Continuity::View Continuity::viewOf(float yaw) const {
    const int bin = binOf(yaw);
    View out = View::none;
    for (int b = std::max(0, bin - 1); b <= std::min(EncodeRecord::bins - 1, bin + 1); ++b) {
        const float confidence = views_[static_cast<size_t>(b)].confidence;
        const View view = confidence >= IdentityRules::fairConfidence ? View::fair
                          : confidence > 0                            ? View::poor
                                                                      : View::none;
        out = std::max(out, view);
    }
    return out;
}

double Continuity::likeness(const Picture& picture, const cv::drgan::Template& known,
                            const Similarity& similarity) const {
    cv::Mat fused;
    known.fused(fused);
    double best = similarity(fused, picture.embedding);
    const int bin = binOf(picture.yaw);
    for (int b = std::max(0, bin - 1); b <= std::min(EncodeRecord::bins - 1, bin + 1); ++b) {
        const cv::Mat& view = views_[static_cast<size_t>(b)].embedding;
        if (!view.empty()) {
            best = std::max(best, similarity(view, picture.embedding));
        }
    }
    return best;
}

Continuity::Verdict Continuity::settle(bool same) {
    doubted_.reset();
    abrupt_ = false;
    strikes_ = fairStrikes_ = sureStrikes_ = 0;
    doubtful_.reset();
    verified_ = seen_;
    return same ? Verdict::same : Verdict::other;
}

Continuity::Verdict Continuity::judge(const Picture& picture, const cv::drgan::Template& known,
                                      const IdentityRules& rules, const Similarity& similarity) {
    looked_ = picture.time;
    // The head has not turned, and yet it looks different: something has come between, if slowly.
    abrupt_ = abrupt_ || (hasDrifted() && std::abs(picture.yaw - verifiedYaw_) < sameSide);
    const double like = likeness(picture, known, similarity);
    if (like >= (abrupt_ ? rules.same : rules.decide) || (!abrupt_ && isExpected(picture, rules, similarity))) {
        verifiedYaw_ = picture.yaw;
        return settle(true);
    }
    if (!doubted_) {
        doubted_ = picture.time;
    }
    if (held_.size() < mostHeld) {
        held_.push_back({picture, like});
    }
    const bool fair = picture.confidence >= IdentityRules::fairConfidence;
    const bool poor = picture.confidence < IdentityRules::poorConfidence;
    if (!fair && (!abrupt_ || poor || like >= rules.other / 2)) {
        strikes_ = fairStrikes_ = sureStrikes_ = 0;  // it says nothing
        doubtful_.reset();
        return Verdict::unclear;
    }
    const bool sure = picture.confidence >= IdentityRules::sureConfidence;
    ++strikes_;
    fairStrikes_ += fair;
    sureStrikes_ += sure;
    doubtful_.add(picture.embedding, picture.confidence);
    const View view = viewOf(picture.yaw);
    if (abrupt_ && sure && view == View::fair && like < rules.other) {
        return settle(false);
    }
    if ((fairStrikes_ < fairLooks && strikes_ < anyLooks) || (view == View::none && !abrupt_)) {
        return Verdict::unclear;  // the latter is a head that turns
    }
    Picture together = picture;
    doubtful_.fused(together.embedding);
    const double all = likeness(together, known, similarity);
    const bool clear = sureStrikes_ >= fairLooks;
    // The same person's pictures from a side that was never seen are less like what is fused.
    if (all < (clear && view != View::none ? rules.decide : rules.other)) {
        return settle(false);
    }
    return clear || all >= rules.decide ? settle(true) : Verdict::unclear;
}

// Nothing has come between, and what the picture shows need not be like what is fused.
bool Continuity::isExpected(const Picture& picture, const IdentityRules& rules, const Similarity& similarity) const {
    if (bestConfidence_ < IdentityRules::fairConfidence && !hasDrifted()) {
        return true;  // what is fused is no better than a guess: better pictures are not measured by it
    }
    // A head that turns shows sides that are unlike what is fused, each like the one before.
    return viewOf(picture.yaw) == View::none && !last_.empty() && picture.time >= lastTime_ &&
           picture.time - lastTime_ <= chain && similarity(last_, picture.embedding) >= rules.decide;
}

std::vector<Picture> Continuity::takeHeld(const Picture& picture, Verdict verdict, const IdentityRules& rules,
                                          const Similarity& similarity) {
    std::vector<Picture> fitting;
    for (auto& h : held_) {
        const double like = similarity(h.picture.embedding, picture.embedding);
        // One who has left, or who fades away, is half like either.
        if (h.picture.time != picture.time && like >= rules.decide && (verdict == Verdict::same || like > h.like)) {
            fitting.push_back(std::move(h.picture));
        }
    }
    held_.clear();
    return fitting;
}

void Continuity::note(const Picture& picture) {
    Shown& view = views_[static_cast<size_t>(binOf(picture.yaw))];
    if (picture.confidence >= IdentityRules::fairConfidence || view.confidence < IdentityRules::fairConfidence) {
        view = {picture.embedding, picture.confidence};
    }
    last_ = picture.embedding;
    lastTime_ = picture.time;
    bestConfidence_ = std::max(bestConfidence_, picture.confidence);
    looked_ = picture.time;
    verified_ = seen_;
    verifiedYaw_ = picture.yaw;
}

}  // namespace drgan
