// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_IDENTITY_HPP
#define DRGAN_CORE_IDENTITY_HPP

#include <opencv2/drgan.hpp>
#include <string>

#include "continuity.hpp"
#include "encode_policy.hpp"
#include "tracking/tracker.hpp"

namespace drgan {

/// What is known of a track at one moment. Pictures are 8-bit BGR and shared: do not write to them.
struct TrackInfo {
    int id = 0;
    cv::Rect2f box;      ///< pixels of the frame
    Time firstSeen = 0;  ///< nanoseconds, see Pipeline::process
    Time lastSeen = 0;
    float score = 0;             ///< in [0, 1]: from the detector or the aligner; 1 for upstream's regions
    float yaw = 0;               ///< degrees, as last seen
    float confidence = 0;        ///< of the newest encoded picture; 0 before the first
    int images = 0;              ///< number of pictures fused
    double totalConfidence = 0;  ///< sum of their confidences
    std::optional<Key> key;      ///< upstream's id; none: upstream gives none
    int slot = -1;               ///< index of its region from upstream on this frame; < 0: none
    std::string label;           ///< name of the person in the gallery, UTF-8; empty: none, see NameHolders
    double similarity = 0;       ///< cosine to that person's embedding
    std::string visitor;         ///< id of a visitor (people/visitors.hpp); empty: none, or it has a name
    cv::Mat embedding;           ///< fused, 1xNf CV_32F; empty before the first picture
    cv::Mat crop;                ///< newest picture that was encoded, SxS; may be empty
    cv::Mat frontal;             ///< the fused embedding drawn at the requested yaw, SxS; may be empty
};

/// The person behind a track: the fused pictures of the face.
struct Identity {
    cv::drgan::Template fused;
    cv::drgan::Template appearance;  ///< as the pictures show the face; empty where the encoder gives none
    EncodeRecord record;
    Continuity continuity;
    float confidence = 0;      ///< of the newest picture
    double reportedTotal = 0;  ///< total confidence at the newest event
    bool announced = false;
    cv::Mat crop;           ///< newest picture
    cv::Mat frontal;        ///< see draw()
    std::string label;      ///< see match(); empty: none
    double similarity = 0;  ///< of the fused embedding to that person's, cosine
    bool nameDue = false;   ///< the gallery has changed since the newest match()
    std::string visitor;    ///< see matchVisitor(); empty: none
    double visitorSimilarity = 0;
    std::string visitorMade;  ///< id of the visitor that was added for this track; a track adds one at most
    /// Another track has the name or visitor's id on this frame, or the track may show another person.
    bool nameless = false;

    /// Adds a picture to `fused` and `appearance`.
    void add(const Picture& picture);

    /// Draws `frontal` if it is out of date.
    /// @param yaw of the view, degrees; clipped to what the decoder can draw
    /// @param slack growth of the total confidence up to which the old view is kept, unless the embedding has changed
    /// much; 0: none
    /// @return whether it was drawn
    bool draw(cv::drgan::Encoder& encoder, cv::drgan::Decoder& decoder, float yaw, double slack);

    /// Searches the gallery for the fused embedding (cv::drgan::Gallery::identify). A name is kept until its similarity
    /// is below the threshold, or below another person's, by nameSlack, so that it does not flicker.
    /// @return whether the name has changed
    bool match(const cv::drgan::Gallery& gallery, const cv::drgan::Encoder& encoder, const cv::drgan::NamingRule& rule);
    static constexpr double nameSlack = 0.03;  ///< cosine

    /// Searches the visitors in the same way, and sets `visitor`.
    void matchVisitor(const cv::drgan::Gallery& visitors, const cv::drgan::Encoder& encoder,
                      const cv::drgan::NamingRule& rule);

    /// The name, else the visitor's id; empty: neither.
    const std::string& called() const { return label.empty() ? visitor : label; }
    double similarityOfCalled() const { return label.empty() ? visitorSimilarity : similarity; }

private:
    cv::Mat drawnFrom_;  // the embedding that `frontal` shows
    double drawnTotal_ = 0;
    float drawnYaw_ = 0;
};

TrackInfo describe(const Track& track, const Identity& identity);

}  // namespace drgan

#endif
