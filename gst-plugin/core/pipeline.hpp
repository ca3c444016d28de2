// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_PIPELINE_HPP
#define DRGAN_CORE_PIPELINE_HPP

#include <map>
#include <memory>
#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "encode_policy.hpp"
#include "face.hpp"
#include "frame_view.hpp"
#include "tracker.hpp"

namespace drgan {

/// What is known of a track at one moment. Pictures are 8-bit BGR and shared, not to be written to.
struct TrackInfo {
    int id = 0;
    cv::Rect2f box;              ///< pixels of the frame
    float score = 0;             ///< of the face detection, in [0, 1]
    float yaw = 0;               ///< degrees, as last seen
    float confidence = 0;        ///< of the newest encoded picture; 0 before the first
    int images = 0;              ///< pictures fused
    double totalConfidence = 0;  ///< sum of their confidences
    int slot = -1;               ///< upstream's region that it was seen in on this frame; < 0: none
    cv::Mat embedding;           ///< fused, 1xNf CV_32F; empty before the first picture
    cv::Mat crop;                ///< newest picture that was encoded, SxS; may be empty
    cv::Mat frontal;             ///< the fused embedding drawn at the asked-for yaw, SxS; may be empty
};

struct Event {
    enum class Kind { created, updated, lost };
    Kind kind;
    TrackInfo track;
};

/// Detects rarely, tracks cheaply, encodes when it pays, keeps one running template per face. One object serves one
/// thread at a time; errors are cv::Exception and leave it usable.
class Pipeline {
public:
    struct Options {
        int detectInterval = 5;  ///< frames from one look to the next; 0: never look, take upstream's faces alone
        int maxFaces = 16;
        float minFaceSize = 24;  ///< pixels of the frame
        Time trackTimeout = 1000 * millisecond;
        Time encodeInterval = 200 * millisecond;
        Time refreshInterval = 2000 * millisecond;
        double updateThreshold = 0.5;  ///< growth of the total confidence that is news
        float yaw = 0;                 ///< of the drawn view, degrees
        bool frontals = true;          ///< keep TrackInfo::frontal up to date
    };
    struct Models {
        cv::Ptr<cv::drgan::Encoder> encoder;
        cv::Ptr<cv::drgan::Decoder> decoder;
        cv::Ptr<cv::drgan::FaceFinder> finder;  ///< may be null: upstream's faces alone
        float matchThreshold = 0;               ///< cosine at or above which two embeddings are one person
    };
    struct Result {
        std::vector<TrackInfo> tracks;  ///< on this frame
        std::vector<Event> events;
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

private:
    struct Identity {
        cv::drgan::Template fused;
        EncodeRecord record;
        float confidence = 0;
        double reportedTotal = 0;
        bool announced = false;
        cv::Mat crop;
        cv::Mat frontal;
        cv::Mat drawnFrom;  // the embedding that `frontal` shows
        double drawnTotal = 0;
        float drawnYaw = 0;
    };

    bool wantsLook(Time now) const;
    std::vector<Face> select(const FrameView& frame, const std::vector<Face>& upstream) const;
    void encodeDue(const FrameView& frame, Time now, Result& result);
    bool encode(const FrameView& frame, Track& track, Time now, Result& result);
    int recognise(const Track& fresh, const cv::Mat& embedding) const;
    void announce(const Track& track, Result& result);
    void draw(Identity& identity, bool exactly = false);
    TrackInfo describe(const Track& track, const Identity& identity) const;
    void collectEnded(std::vector<Event>& events);

    Models models_;
    Options options_;
    Tracker tracker_;
    EncodePolicy policy_;
    std::map<int, Identity> identities_;
    int framesSinceLook_ = -1;  // -1: no look yet
    Time lastUpstream_ = 0;
    bool upstreamSeen_ = false;
};

}  // namespace drgan

#endif
