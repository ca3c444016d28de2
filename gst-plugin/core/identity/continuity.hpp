// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_CONTINUITY_HPP
#define DRGAN_CORE_CONTINUITY_HPP

#include <array>
#include <functional>
#include <opencv2/drgan.hpp>
#include <optional>
#include <vector>

#include "encode_policy.hpp"

namespace drgan {

/// An encoded picture of a face.
struct Picture {
    cv::Mat embedding;     ///< 1xNf CV_32F
    float confidence = 0;  ///< in (0, 1)
    cv::Mat appearance;    ///< 1xNz CV_32F; empty: the encoder gives none, or nothing is drawn
    cv::Mat crop;          ///< SxS, 8-bit BGR
    float yaw = 0;         ///< degrees
    float quality = 0;     ///< see pictureQuality()
    Time time = 0;
    EncodePolicy::Reason reason = EncodePolicy::Reason::none;
};

using Similarity = std::function<double(const cv::Mat& a, const cv::Mat& b)>;  ///< cosine of two embeddings

/// Thresholds of cosine and confidence. docs/identity.md has the distributions from which they were chosen.
struct IdentityRules {
    double other;   ///< below it, a picture of fair confidence shows another person
    double same;    ///< at or above it, a picture shows the same person, even after an interruption
    double decide;  ///< minimum for several pictures together whose cosines are between the two

    /// At or above it, one picture that does not fit is enough to decide.
    static constexpr float sureConfidence = 0.42F;
    /// At or above it, a face that hands, blur or glare cover in part is still recognised.
    static constexpr float fairConfidence = 0.38F;
    /// Below it, a cosine is no evidence.
    static constexpr float poorConfidence = 0.33F;

    /// @param threshold minimum cosine of two pictures of one person
    static IdentityRules of(double threshold);
};

/// Decides whether a track still shows the person whose pictures it has fused. In two stages: a change of the face's
/// pixels, or an interruption of the track, raises a doubt, and the face is encoded at once; embeddings then decide.
/// Until they have, pictures are held out, so that no picture of another person is fused. Uses a fixed amount of
/// memory.
class Continuity {
public:
    enum class Verdict {
        same,     ///< fuse it
        unclear,  ///< do not fuse it yet; the class holds it
        other     ///< the track shows another person
    };

    /// Call on each frame that shows the track.
    /// @param glimpse see drgan::glimpse()
    /// @param interrupted see Track::interrupted
    void watch(const cv::Mat& glimpse, bool interrupted, Time now);

    /// Empty: none yet.
    const cv::Mat& newestGlimpse() const { return glimpse_; }
    /// The track continues from this glimpse as the person whom it has fused; earlier doubts are dropped.
    void resume(const cv::Mat& glimpse);

    /// Whether the face should be encoded now, even if the picture adds nothing.
    bool wantsPicture(Time now) const;
    /// Whether the track may show another person.
    bool inDoubt() const { return doubtSince_.has_value(); }
    Time doubtedSince() const { return doubtSince_.value_or(0); }

    /// @param known the track's fused embedding; not empty
    Verdict judge(const Picture& picture, const cv::drgan::Template& known, const IdentityRules& rules,
                  const Similarity& similarity);

    /// After a verdict, returns the held pictures that show the person of `picture`, and drops the others.
    std::vector<Picture> takeHeld(const Picture& picture, Verdict verdict, const IdentityRules& rules,
                                  const Similarity& similarity);

    /// Call when a picture was fused.
    void note(const Picture& picture);

    /// The largest of the cosines to the fused embedding and to the newest fused pictures at about the same yaw.
    double similarityTo(const Picture& picture, const cv::drgan::Template& known, const Similarity& similarity) const;

private:
    struct Shown {
        cv::Mat embedding;
        float confidence = 0;
    };
    enum class View { none, poor, fair };  // confidence of the pictures that were fused at about one yaw
    bool mayEncode(Time now) const;
    bool hasDrifted() const;
    View viewOf(float yaw) const;
    bool isExpected(const Picture& picture, const IdentityRules& rules, const Similarity& similarity) const;
    Verdict settle(bool same);

    std::array<Shown, EncodeRecord::bins> views_;  // the newest picture of each yaw that was fused
    cv::Mat last_;                                 // embedding of the newest picture that was fused
    Time lastTime_ = 0;
    float bestConfidence_ = 0;
    cv::Mat glimpse_;            // of the newest frame
    double usualChange_ = 0.02;  // difference from one glimpse to the next
    cv::Mat verifiedGlimpse_;    // of the newest picture that fitted
    float verifiedYaw_ = 0;
    std::optional<Time> doubtSince_;
    bool abrupt_ = false;  // the doubt began with a jump or an interruption
    std::optional<Time> lastCheck_;
    int mismatches_ = 0;      // pictures in a row that do not fit
    int fairMismatches_ = 0;  // of these, those of fair confidence
    int sureMismatches_ = 0;  // of these, those of sure confidence
    cv::drgan::Template mismatchesFused_;
    struct Held {
        Picture picture;
        double cosine;  // to the fused embedding
    };
    std::vector<Held> held_;
};

}  // namespace drgan

#endif
