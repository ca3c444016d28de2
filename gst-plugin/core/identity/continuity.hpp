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
    cv::Mat crop;          ///< SxS, 8-bit BGR
    float yaw = 0;         ///< degrees
    float quality = 0;     ///< see pictureQuality()
    Time time = 0;
    EncodePolicy::Reason reason = EncodePolicy::Reason::none;
};

using Similarity = std::function<double(const cv::Mat& a, const cv::Mat& b)>;  ///< cosine of two embeddings

/// What cosines and confidences tell. docs/identity.md has the distributions that they were
/// chosen from.
struct IdentityRules {
    double other;   ///< below it, a picture of fair confidence is another person's
    double same;    ///< from it on, a picture is the same person's, whatever came between
    double decide;  ///< what pictures between the two must reach together

    /// From it on, one picture that is unlike what is fused is enough.
    static constexpr float sureConfidence = 0.42F;
    /// From it on, a face that hands, blur or glare have changed is still like itself.
    static constexpr float fairConfidence = 0.38F;
    /// Below it, a cosine says nothing.
    static constexpr float poorConfidence = 0.33F;

    /// @param threshold cosine from which on two pictures are rather one person than two
    static IdentityRules of(double threshold);
};

/// Whether a track goes on showing the person whose pictures it has fused. Two stages: what is cheap to see (the face's
/// pixels change at once, or it was out of sight) makes a suspicion, which asks for an embedding at once; embeddings
/// alone decide. Until they have, pictures are held out, so that none of another person is ever fused.
/// Memory does not grow with the track.
class Continuity {
public:
    enum class Verdict {
        same,     ///< fuse it
        unclear,  ///< fuse it not; the class holds it
        other     ///< the track shows another person
    };

    /// Takes note of what the track shows on a frame.
    /// @param glimpse see drgan::glimpse()
    /// @param interrupted place and time do not say that it is the same face
    void watch(const cv::Mat& glimpse, bool interrupted, Time now);

    /// The newest glimpse; empty: none yet.
    const cv::Mat& sight() const { return seen_; }
    /// The track goes on from here as that of the person whom it has fused, whatever was seen before.
    void resume(const cv::Mat& glimpse);

    /// A picture is wanted now, whether it adds something or not.
    bool wantsLook(Time now) const;
    /// It is not known whom the track shows.
    bool inDoubt() const { return doubted_.has_value(); }
    Time doubtedSince() const { return doubted_.value_or(0); }

    /// @param known what the track has fused; not empty
    Verdict judge(const Picture& picture, const cv::drgan::Template& known, const IdentityRules& rules,
                  const Similarity& similarity);

    /// After a verdict, hands over the pictures that were held and are of the person of `picture`; drops the others.
    std::vector<Picture> takeHeld(const Picture& picture, Verdict verdict, const IdentityRules& rules,
                                  const Similarity& similarity);

    /// A picture was fused.
    void note(const Picture& picture);

    /// The largest of the cosines to what is fused and to the fused pictures that were taken from about the same side.
    double likeness(const Picture& picture, const cv::drgan::Template& known, const Similarity& similarity) const;

private:
    struct Shown {
        cv::Mat embedding;
        float confidence = 0;
    };
    enum class View { none, poor, fair };  // what is known of a face from about one side
    bool mayLook(Time now) const;
    bool hasDrifted() const;
    View viewOf(float yaw) const;
    bool isExpected(const Picture& picture, const IdentityRules& rules, const Similarity& similarity) const;
    Verdict settle(bool same);

    std::array<Shown, EncodeRecord::bins> views_;  // the newest picture of each yaw that was fused
    cv::Mat last_;                                 // embedding of the newest picture that was fused
    Time lastTime_ = 0;
    float bestConfidence_ = 0;
    cv::Mat seen_;               // glimpse of the newest sighting
    double usualChange_ = 0.02;  // from one glimpse to the next
    cv::Mat verified_;           // glimpse of the newest picture that fitted
    float verifiedYaw_ = 0;
    std::optional<Time> doubted_;
    bool abrupt_ = false;  // the doubt began with a break
    std::optional<Time> looked_;
    int strikes_ = 0;      // looks in a row that say that it is somebody else
    int fairStrikes_ = 0;  // of them, those of fair confidence
    int sureStrikes_ = 0;  // of these, the sure ones
    cv::drgan::Template doubtful_;
    struct Held {
        Picture picture;
        double like;  // to what is fused
    };
    std::vector<Held> held_;
};

}  // namespace drgan

#endif
