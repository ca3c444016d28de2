// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_PIPELINE_HPP
#define DRGAN_CORE_PIPELINE_HPP

#include <optional>
#include <string>
#include <vector>

#include "event.hpp"
#include "frame/face.hpp"
#include "frame/frame_view.hpp"
#include "identities.hpp"
#include "models/models.hpp"
#include "options.hpp"
#include "results/report.hpp"
#include "tracking/landmark_tracker.hpp"
#include "tracking/tracker.hpp"

namespace drgan {

/// Detects, tracks and encodes the faces of a video, and keeps a fused embedding per face. With an aligner, tracks are
/// updated by their landmarks on every frame, and detections must be confirmed by it. One object serves one thread at a
/// time; errors are cv::Exception and leave it usable.
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

    /// May be called between any two frames.
    void setOptions(const Options& options);

    /// May be called between any two frames, also with the gallery that is in use, if it has changed: the next frame's
    /// tracks are named anew. @param gallery null: no names
    void setGallery(const cv::Ptr<cv::drgan::Gallery>& gallery);

    /// Call before the first frame. @param visitors who are recognised if they have no name; null: nobody. Outlives the
    /// object.
    void setVisitors(Visitors* visitors) { identities_.setVisitors(visitors); }

    /// The fused pictures of a track, hidden or not; null if there are none.
    const cv::drgan::Template* fused(int id) const { return identities_.fused(id); }

    /// @param now time of the frame, nanoseconds; only differences matter
    /// @param upstream faces that came with the frame; if there are any, no detector runs
    /// @param mayInfer false: the frame is too late to run networks; tracks are predicted only
    Result process(const FrameView& frame, Time now, const std::vector<Face>& upstream, bool mayInfer = true);

    /// Ends all tracks. Later tracks get new ids.
    std::vector<Event> finish();

    /// Ends a track, hidden or not, and drops everything that is known of it, also the visitor: its last event has its
    /// box only. A face that is still in the video becomes a new track with another id.
    /// @param id < 0: all tracks
    /// @param events receives the events of tracks that were announced
    /// @return number of tracks dropped
    size_t forget(int id, std::vector<Event>& events);

    /// The same for a visitor and the tracks who they are. @return whether there was such a visitor
    bool forgetVisitor(const std::string& visitor, std::vector<Event>& events);

    /// Forgets the visitor who a track was, because the track has got a name. The track goes on.
    void forgetVisitorOf(int id) { identities_.forgetVisitorOf(id); }

private:
    bool isUpstreams(Time now) const;
    bool wantsDetection(Time now, const std::vector<Face>& followed) const;
    bool lostRecently(Time now, const std::vector<Face>& followed) const;
    std::vector<Face> trackAndDetect(const FrameView& frame, Time now, bool& observed);
    std::vector<Face> usableFaces(const FrameView& frame, const std::vector<Face>& upstream) const;
    void confirm(const FrameView& frame, std::vector<Face>& faces);

    Models models_;
    Options options_;
    Tracker tracker_;
    std::optional<LandmarkTracker> landmarkTracker_;
    Identities identities_;
    int framesSinceDetection_ = -1;  // -1: there was none yet
    Time lastUpstream_ = 0;
    bool upstreamSeen_ = false;
    FrameReport report_;  // of the frame in process()
};

}  // namespace drgan

#endif
