// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_PIPELINE_HPP
#define DRGAN_CORE_PIPELINE_HPP

#include <map>
#include <memory>
#include <opencv2/drgan.hpp>
#include <optional>
#include <string>
#include <vector>

#include "frame/face.hpp"
#include "frame/frame_view.hpp"
#include "identity/encode_policy.hpp"
#include "identity/identity.hpp"
#include "identity/name_holders.hpp"
#include "models/models.hpp"
#include "results/report.hpp"
#include "tracking/crossings.hpp"
#include "tracking/follower.hpp"
#include "tracking/tracker.hpp"

namespace drgan {

struct Event {
    enum class Kind { created, updated, lost };
    Kind kind;
    TrackInfo track;
};

/// Detects rarely, tracks cheaply, encodes when it pays, keeps one running template per face. With an aligner, tracks
/// are followed by it on every frame, and a detector's faces need its word. One object serves one thread at a time;
/// errors are cv::Exception and leave it usable.
class Pipeline {
public:
    struct Options {
        /// Frames from one look of the detector to the next; sooner where a track is missed and, with an aligner, while
        /// none is followed. 0: never, upstream's faces alone.
        int detectInterval = 5;
        int maxFaces = 16;
        float minFaceSize = 24;  ///< pixels of the frame
        Time trackTimeout = 1000 * millisecond;
        Time encodeInterval = 200 * millisecond;
        Time refreshInterval = 2000 * millisecond;
        double updateThreshold = 0.5;  ///< growth of the total confidence that is news
        float yaw = 0;                 ///< of the drawn view, degrees
        /// Cosine at or above which two embeddings are one person. -1: the models' where a face comes back or crosses
        /// another; where it gets a name, by strangerRate.
        double matchThreshold = -1;
        double strangerRate = 0.01;  ///< chance that a face whose person is not in the gallery gets a name, in (0, 1)
        bool frontals = true;        ///< keep TrackInfo::frontal up to date
    };
    using Models = drgan::Models;
    struct Result {
        std::vector<TrackInfo> tracks;  ///< on this frame
        std::vector<Event> events;
        FrameReport report;
    };

    Pipeline(Models models, const Options& options);

    /// May change between any two frames.
    void setOptions(const Options& options);

    /// @param now time of the frame, nanoseconds; differences matter alone
    /// @param upstream faces that came with the frame; if there are any, no detector runs
    /// @param mayInfer false: too late for networks, only move tracks along
    Result process(const FrameView& frame, Time now, const std::vector<Face>& upstream, bool mayInfer = true);

    /// Ends all tracks. Ids go on counting.
    std::vector<Event> finish();

    /// Ends a track, hidden or not, and drops all that was learnt of it: its last event has the place alone. A face
    /// that is still there is met anew, under another id.
    /// @param id < 0: all tracks
    /// @param events gets those of tracks that were told of
    /// @return tracks that were dropped
    size_t forget(int id, std::vector<Event>& events);

private:
    bool isUpstreams(Time now) const;
    bool wantsLook(Time now, const std::vector<Face>& followed) const;
    bool lostSome(Time now, const std::vector<Face>& followed) const;
    std::vector<Face> gather(const FrameView& frame, Time now, bool& looked);
    std::vector<Face> select(const FrameView& frame, const std::vector<Face>& upstream) const;
    void settleCrossings(const FrameView& frame, Time now);
    bool fitToEncode(const Track& track) const;
    void encodeDue(const FrameView& frame, Time now, Result& result);
    void watch(const FrameView& frame, Time now);
    struct Stranger {
        int track;
        int notThis;  ///< the track whose place it has taken
        std::vector<Picture> pictures;
    };
    bool encode(const FrameView& frame, const Track& track, Time now, Result& result, std::vector<Stranger>& strangers);
    int knownAs(int fresh, int notThis, const Picture& picture, Result& result);
    void fuse(int id, const Picture& picture, Result& result);
    void settleNames(Time now, Result& result);
    double matchThreshold() const;
    IdentityRules identityRules() const;
    cv::drgan::NamingRule namingRule() const;
    void announce(const Track& track, Result& result);
    void draw(Identity& identity, bool exactly);
    void confirm(const FrameView& frame, std::vector<Face>& faces);
    void collectEnded(std::vector<Event>& events, bool mayDraw);

    Models models_;
    Options options_;
    Tracker tracker_;
    std::optional<Follower> follower_;
    Crossings crossings_;
    EncodePolicy policy_;
    std::map<int, Identity> identities_;
    NameHolders names_;
    int framesSinceLook_ = -1;  // -1: no look yet
    Time lastUpstream_ = 0;
    bool upstreamSeen_ = false;
    FrameReport report_;  // of the frame in process()
};

}  // namespace drgan

#endif
