// SPDX-License-Identifier: Apache-2.0
#include "continuity.hpp"

#include <algorithm>
#include <cmath>

namespace drgan {
namespace {

// The difference of two glimpses is 1 minus their correlation. From one frame to the next: if it is larger than `jump`,
// or than `unusual` times the track's usual difference, something else may be in the box. Glimpses of different frontal
// faces under the same light are quite similar.
constexpr double jump = 0.25;
constexpr double unusual = 4;
constexpr double leastJump = 0.04;
constexpr double usualGain = 0.1;
// The same for the difference to the glimpse of the newest picture that fitted: a slow change is a change, too.
constexpr double drift = 0.4;
constexpr double driftUnusual = 6;
constexpr double leastDrift = 0.1;
constexpr float sameSide = 15;  // degrees of yaw

constexpr Time checkInterval = 60 * millisecond;
constexpr Time driftInterval = 120 * millisecond;
constexpr Time longDoubt = 1000 * millisecond;  // after it, checks become rarer
constexpr Time laterInterval = 200 * millisecond;
constexpr Time chain = 500 * millisecond;  // a face does not turn by more than a bin or two in this time

constexpr size_t mostHeld = 8;
constexpr int fairMismatchesNeeded = 2;  // pictures in a row that do not fit, of fair confidence, to decide
constexpr int mismatchesNeeded = 3;      // of lower confidence

int binOf(float yaw) { return EncodePolicy::binOf(yaw); }

double difference(const cv::Mat& a, const cv::Mat& b) { return 1 - a.dot(b); }

}  // namespace

IdentityRules IdentityRules::of(double threshold) {
    IdentityRules r{};
    r.other = threshold;
    r.same = std::min(2 * threshold, (1 + threshold) / 2);  // twice the cosine, or half-way from it to 1
    r.decide = r.other + 0.6 * (r.same - r.other);
    return r;
}

void Continuity::watch(const cv::Mat& glimpse, bool interrupted, Time now) {
    bool jumped = false;
    if (!glimpse_.empty()) {
        const double changed = difference(glimpse, glimpse_);
        jumped = changed > std::min(jump, std::max(leastJump, unusual * usualChange_));
        usualChange_ += jumped || interrupted ? 0 : usualGain * (changed - usualChange_);
    }
    glimpse_ = glimpse;
    if (interrupted || jumped) {
        if (!doubtSince_) {
            doubtSince_ = now;
        }
        if (!abrupt_ || jumped) {
            lastCheck_.reset();  // at once
        }
        abrupt_ = true;
    }
}

void Continuity::resume(const cv::Mat& glimpse) {
    glimpse_ = glimpse;
    held_.clear();
    settle(true);
}

bool Continuity::mayEncode(Time now) const {
    const bool rare = doubtSince_ && now - *doubtSince_ > longDoubt;
    return !lastCheck_ || now < *lastCheck_ || now - *lastCheck_ >= (rare ? laterInterval : checkInterval);
}

bool Continuity::hasDrifted() const {
    return !verifiedGlimpse_.empty() && !glimpse_.empty() &&
           difference(verifiedGlimpse_, glimpse_) > std::min(drift, std::max(leastDrift, driftUnusual * usualChange_));
}

bool Continuity::wantsPicture(Time now) const {
    if (doubtSince_) {
        return mayEncode(now);
    }
    return hasDrifted() && (!lastCheck_ || now < *lastCheck_ || now - *lastCheck_ >= driftInterval);
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

double Continuity::similarityTo(const Picture& picture, const cv::drgan::Template& known,
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
    doubtSince_.reset();
    abrupt_ = false;
    mismatches_ = fairMismatches_ = sureMismatches_ = 0;
    mismatchesFused_.reset();
    verifiedGlimpse_ = glimpse_;
    return same ? Verdict::same : Verdict::other;
}

Continuity::Verdict Continuity::judge(const Picture& picture, const cv::drgan::Template& known,
                                      const IdentityRules& rules, const Similarity& similarity) {
    lastCheck_ = picture.time;
    // The face looks different although the head has not turned: something has covered it, if slowly.
    abrupt_ = abrupt_ || (hasDrifted() && std::abs(picture.yaw - verifiedYaw_) < sameSide);
    const double cosine = similarityTo(picture, known, similarity);
    if (cosine >= (abrupt_ ? rules.same : rules.decide) || (!abrupt_ && isExpected(picture, rules, similarity))) {
        verifiedYaw_ = picture.yaw;
        return settle(true);
    }
    if (!doubtSince_) {
        doubtSince_ = picture.time;
    }
    if (held_.size() < mostHeld) {
        held_.push_back({picture, cosine});
    }
    const bool fair = picture.confidence >= IdentityRules::fairConfidence;
    const bool poor = picture.confidence < IdentityRules::poorConfidence;
    if (!fair && (!abrupt_ || poor || cosine >= rules.other / 2)) {
        mismatches_ = fairMismatches_ = sureMismatches_ = 0;  // not evidence
        mismatchesFused_.reset();
        return Verdict::unclear;
    }
    const bool sure = picture.confidence >= IdentityRules::sureConfidence;
    ++mismatches_;
    fairMismatches_ += fair;
    sureMismatches_ += sure;
    mismatchesFused_.add(picture.embedding, picture.confidence);
    const View view = viewOf(picture.yaw);
    if (abrupt_ && sure && view == View::fair && cosine < rules.other) {
        return settle(false);
    }
    if ((fairMismatches_ < fairMismatchesNeeded && mismatches_ < mismatchesNeeded) ||
        (view == View::none && !abrupt_)) {
        return Verdict::unclear;  // the latter is a head that turns
    }
    Picture together = picture;
    mismatchesFused_.fused(together.embedding);
    const double all = similarityTo(together, known, similarity);
    const bool clear = sureMismatches_ >= fairMismatchesNeeded;
    // Pictures of the same person at a yaw that was never seen are less similar to the fused embedding.
    if (all < (clear && view != View::none ? rules.decide : rules.other)) {
        return settle(false);
    }
    return clear || all >= rules.decide ? settle(true) : Verdict::unclear;
}

// Whether the picture may be the same person's although it is not similar to the fused embedding.
bool Continuity::isExpected(const Picture& picture, const IdentityRules& rules, const Similarity& similarity) const {
    if (bestConfidence_ < IdentityRules::fairConfidence && !hasDrifted()) {
        return true;  // the fused pictures show too little to compare with
    }
    // While a head turns, each picture is similar to the one before, but not to the fused embedding.
    return viewOf(picture.yaw) == View::none && !last_.empty() && picture.time >= lastTime_ &&
           picture.time - lastTime_ <= chain && similarity(last_, picture.embedding) >= rules.decide;
}

std::vector<Picture> Continuity::takeHeld(const Picture& picture, Verdict verdict, const IdentityRules& rules,
                                          const Similarity& similarity) {
    std::vector<Picture> fitting;
    for (auto& h : held_) {
        const double cosine = similarity(h.picture.embedding, picture.embedding);
        // Pictures of a cross-fade between two people are similar to both.
        if (h.picture.time != picture.time && cosine >= rules.decide &&
            (verdict == Verdict::same || cosine > h.cosine)) {
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
    lastCheck_ = picture.time;
    verifiedGlimpse_ = glimpse_;
    verifiedYaw_ = picture.yaw;
}

}  // namespace drgan
