// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_PIPELINE_HPP
#define DRGAN_CORE_PIPELINE_HPP

#include <optional>
#include <vector>

#include "event.hpp"
#include "frame/face.hpp"
#include "frame/frame_view.hpp"
#include "identities.hpp"
#include "models/models.hpp"
#include "options.hpp"
#include "results/report.hpp"
#include "tracking/follower.hpp"
#include "tracking/tracker.hpp"

namespace drgan {

/// Detects rarely, tracks cheaply, encodes when it pays, keeps one running template per face. With an aligner, tracks
/// are followed by it on every frame, and a detector's faces need its word. One object serves one thread at a time;
/// errors are cv::Exception and leave it usable.
class Pipeline {
public:
    using Options = PipelineOptions;
    using Models = drgan::Models;
    struct Result {
        std::vector<TrackInfo> tracks;  ///< on this frame
        std::vector<Event> events;
        FrameReport report;
    };

    Pipeline(Models models, const Options& options);
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

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
    void confirm(const FrameView& frame, std::vector<Face>& faces);

    Models models_;
    Options options_;
    Tracker tracker_;
    std::optional<Follower> follower_;
    Identities identities_;
    int framesSinceLook_ = -1;  // -1: no look yet
    Time lastUpstream_ = 0;
    bool upstreamSeen_ = false;
    FrameReport report_;  // of the frame in process()
};

}  // namespace drgan

#endif
