// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_IDENTITY_HPP
#define DRGAN_CORE_IDENTITY_HPP

#include <opencv2/drgan.hpp>
#include <string>

#include "continuity.hpp"
#include "encode_policy.hpp"
#include "tracking/tracker.hpp"

namespace drgan {

/// What is known of a track at one moment. Pictures are 8-bit BGR and shared, not to be written to.
struct TrackInfo {
    int id = 0;
    cv::Rect2f box;      ///< pixels of the frame
    Time firstSeen = 0;  ///< nanoseconds, as Pipeline::process is told
    Time lastSeen = 0;
    float score = 0;             ///< in [0, 1]: of the detector, of the aligner that followed it, or 1 from upstream
    float yaw = 0;               ///< degrees, as last seen
    float confidence = 0;        ///< of the newest encoded picture; 0 before the first
    int images = 0;              ///< pictures fused
    double totalConfidence = 0;  ///< sum of their confidences
    std::optional<Key> key;      ///< what upstream calls it; none: upstream says nothing
    int slot = -1;               ///< upstream's region that it was seen in on this frame; < 0: none
    std::string label;           ///< name of the gallery's person that it is, UTF-8; empty: none, see NameHolders
    double similarity = 0;       ///< cosine to that person's embedding
    cv::Mat embedding;           ///< fused, 1xNf CV_32F; empty before the first picture
    cv::Mat crop;                ///< newest picture that was encoded, SxS; may be empty
    cv::Mat frontal;             ///< the fused embedding drawn at the asked-for yaw, SxS; may be empty
};

/// Who is behind a track: the pictures of one face, fused.
struct Identity {
    cv::drgan::Template fused;
    EncodeRecord record;
    Continuity continuity;
    float confidence = 0;      ///< of the newest picture
    double reportedTotal = 0;  ///< total confidence that was last told of
    bool announced = false;
    cv::Mat crop;           ///< newest picture
    cv::Mat frontal;        ///< see draw()
    std::string label;      ///< see match(); empty: nobody's
    double similarity = 0;  ///< of the fused embedding to that person's, cosine
    bool nameless = false;  ///< somebody else has the name on this frame, or it is not known whom the track shows

    /// Brings `frontal` up to date where it is not.
    /// @param yaw of the view, degrees; the nearest that the decoder draws is taken
    /// @param slack growth of the total confidence up to which an older view will do, unless the embedding has turned;
    /// 0: none
    /// @return whether it was not
    bool draw(cv::drgan::Encoder& encoder, cv::drgan::Decoder& decoder, float yaw, double slack);

    /// Looks the fused embedding up: whom cv::drgan::Gallery::identify names. A name once given is kept until its
    /// similarity falls below the threshold, or another's is greater, by nameSlack: more pictures of one face would
    /// have it flicker otherwise.
    /// @return whether the name is another one than before
    bool match(const cv::drgan::Gallery& gallery, const cv::drgan::Encoder& encoder, const cv::drgan::NamingRule& rule);
    static constexpr double nameSlack = 0.03;  ///< cosine

private:
    cv::Mat drawnFrom_;  // the embedding that `frontal` shows
    double drawnTotal_ = 0;
    float drawnYaw_ = 0;
};

TrackInfo describe(const Track& track, const Identity& identity);

}  // namespace drgan

#endif
