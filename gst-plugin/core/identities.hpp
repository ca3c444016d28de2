// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_IDENTITIES_HPP
#define DRGAN_CORE_IDENTITIES_HPP

#include <map>
#include <vector>

#include "event.hpp"
#include "frame/frame_view.hpp"
#include "identity/encode_policy.hpp"
#include "identity/identity.hpp"
#include "identity/name_holders.hpp"
#include "models/models.hpp"
#include "options.hpp"
#include "results/report.hpp"
#include "tracking/occlusions.hpp"
#include "tracking/tracker.hpp"
#include "visitor_recognition.hpp"

namespace drgan {

/// The people behind the tracks: encodes faces, fuses the pictures of one person, splits a track when its face turns
/// out to be another person's, and names people. One object serves one thread at a time.
class Identities {
public:
    /// @param models outlives the object; read at each call
    /// @param tracker outlives the object. The object splits, joins and swaps its tracks.
    Identities(const Models& models, Tracker& tracker) : models_(models), tracker_(tracker) {}
    Identities(const Identities&) = delete;
    Identities& operator=(const Identities&) = delete;

    void setOptions(const PipelineOptions& options);

    /// @param visitors who are recognised if they have no name; null: nobody. Outlives the object.
    void setVisitors(Visitors* visitors) { visitors_.use(visitors); }

    /// Call after the tracker's update(): encodes and fuses faces, and corrects tracks that show another person.
    /// @param now time of the frame, nanoseconds
    /// @param events, report receive what happened
    void update(const FrameView& frame, Time now, std::vector<Event>& events, FrameReport& report);

    /// Call when the gallery has changed, also from or to none: nameDue() then names all tracks anew.
    void nameAgain();

    /// Call once per frame, before settleNames(). A new name is an event. Searches in a very large gallery are divided
    /// among several frames, so that they delay none.
    void nameDue(std::vector<Event>& events);

    /// The fused pictures of a track; null if there are none.
    const cv::drgan::Template* fused(int track) const;

    /// Lets only one track of a frame have each name or visitor's id. Corrects `events` of a track that has lost its
    /// name.
    void settleNames(Time now, std::vector<Event>& events);

    /// Returns what is known of a track, and announces it the first time.
    /// @param mayDraw whether the frontal view may be drawn
    TrackInfo show(const Track& track, bool mayDraw, std::vector<Event>& events, FrameReport& report);

    /// Reports the tracks that have ended, if they were announced, and drops what is known of them.
    void collectEnded(bool mayDraw, std::vector<Event>& events, FrameReport& report);

    /// The same for tracks that are forgotten, with the visitors who they were: their last event has their box only.
    /// @return number of tracks dropped
    size_t forgetEnded(std::vector<Event>& events);

    /// Forgets a visitor. @return whether there was such a visitor
    bool forgetVisitor(const std::string& visitor) { return visitors_.forget(visitor); }
    /// The tracks that are, or have become, a visitor.
    std::vector<int> tracksOf(const std::string& visitor) const;

    /// Forgets the visitor who a track was, and goes on with the track.
    void forgetVisitorOf(int track);

private:
    struct Stranger {
        int track;
        int excluded;  ///< the track from which it was split
        std::vector<Picture> pictures;
    };
    /// Arguments and results of one update().
    struct Frame {
        const FrameView& view;
        Time now;
        std::vector<Event>& events;
        FrameReport& report;
        std::vector<Stranger> strangers;
    };

    void resolveOcclusions(Frame& frame);
    void watch(const Frame& frame);
    void encodeDue(Frame& frame);
    bool encode(Frame& frame, const Track& track);
    /// Computes embedding, confidence and, where views are drawn, appearance of the picture's crop.
    void embed(Picture& picture) const;
    int resumeHidden(Frame& frame, int fresh, int excluded, const Picture& picture);
    void fuse(Frame& frame, int id, const Picture& picture);
    void announce(const Track& track, std::vector<Event>& events, FrameReport& report);
    void draw(Identity& identity, bool exactly, FrameReport& report);
    static bool fitToEncode(const Track& track);
    double matchThreshold() const;
    IdentityRules identityRules() const;
    cv::drgan::NamingRule namingRule() const;

    const Models& models_;
    const Similarity similarity_ = [this](const cv::Mat& a, const cv::Mat& b) { return models_.encoder->match(a, b); };
    Tracker& tracker_;
    PipelineOptions options_;
    Occlusions occlusions_;
    EncodePolicy policy_;
    std::map<int, Identity> identities_;  // by track
    NameHolders names_;                   // and visitors' ids
    VisitorRecognition visitors_;
};

}  // namespace drgan

#endif
