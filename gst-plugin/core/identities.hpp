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

namespace drgan {

/// Who is behind each track: encodes the faces that are worth it, fuses the pictures of one person, starts another
/// track where a face turns out to be another person's, and names people. One object serves one thread at a time.
class Identities {
public:
    /// @param models outlives the object; read at each call
    /// @param tracker outlives the object. The object splits, joins and swaps its tracks.
    Identities(const Models& models, Tracker& tracker) : models_(models), tracker_(tracker) {}
    Identities(const Identities&) = delete;
    Identities& operator=(const Identities&) = delete;

    void setOptions(const PipelineOptions& options);

    /// After the tracker has seen a frame: who is who, and what there is to fuse.
    /// @param now time of the frame, nanoseconds
    /// @param events, report get what happened
    void update(const FrameView& frame, Time now, std::vector<Event>& events, FrameReport& report);

    /// A person is in one place: of the tracks that have one name, one keeps it. What `events` tells already of a track
    /// that has lost its name is put right.
    void settleNames(Time now, std::vector<Event>& events);

    /// What is known of a track of this frame; news, if it is the first time.
    /// @param mayDraw whether the frontal view may be brought up to date
    TrackInfo show(const Track& track, bool mayDraw, std::vector<Event>& events, FrameReport& report);

    /// Tells of the tracks that have ended since, as far as they were told of, and forgets them.
    void collectEnded(bool mayDraw, std::vector<Event>& events, FrameReport& report);

    /// The same for tracks that are to be forgotten: their last event has only the place.
    /// @return tracks that were dropped
    size_t forgetEnded(std::vector<Event>& events);

private:
    struct Stranger {
        int track;
        int notThis;  ///< the track whose place it has taken
        std::vector<Picture> pictures;
    };
    /// What one frame's calls share.
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
    int knownAs(Frame& frame, int fresh, int notThis, const Picture& picture);
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
    NameHolders names_;
};

}  // namespace drgan

#endif
