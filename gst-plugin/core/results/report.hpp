// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_REPORT_HPP
#define DRGAN_CORE_REPORT_HPP

#include <array>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "identity/encode_policy.hpp"

namespace drgan {

/// What a frame's time goes to.
enum class Stage : size_t {
    detect,  ///< the detector
    align,   ///< the aligner: follows tracks, confirms boxes
    encode,  ///< cutting out and encoding
    decode,  ///< frontal views
    draw,    ///< the overlay
    frame    ///< all of a frame
};
constexpr size_t stageCount = 6;
constexpr std::array<const char*, stageCount> stageNames = {"detect", "align", "encode", "decode", "draw", "frame"};

/// Milliseconds per stage on one frame; empty where the stage did not run.
using StageTimes = std::array<std::optional<double>, stageCount>;

/// Adds its lifetime to a stage, unless dismissed.
class StageTimer {
public:
    StageTimer(StageTimes& times, Stage stage) : time_(times[static_cast<size_t>(stage)]) {}
    ~StageTimer() {
        if (counts_) {
            const std::chrono::duration<double, std::milli> passed = Clock::now() - start_;
            time_ = time_.value_or(0) + passed.count();
        }
    }
    /// Nothing was to be done: zeros would hide what it takes when there is.
    void dismiss() { counts_ = false; }
    StageTimer(const StageTimer&) = delete;
    StageTimer& operator=(const StageTimer&) = delete;

private:
    using Clock = std::chrono::steady_clock;
    std::optional<double>& time_;
    Clock::time_point start_ = Clock::now();
    bool counts_ = true;
};

/// What happened on one frame, for statistics and logs.
struct FrameReport {
    struct Encoded {
        int track;
        EncodePolicy::Reason reason;
        float yaw;      ///< degrees
        float quality;  ///< see pictureQuality()
        float confidence;
        Time taken;  ///< of the frame that the picture is of: earlier ones were in doubt until now
    };
    StageTimes times;
    bool skipped = false;                         ///< no network ran: the frame was late
    int found = 0;                                ///< faces that the detector found
    int followed = 0;                             ///< tracks that the aligner found again
    int doubted = 0;                              ///< boxes in which the aligner saw no face
    int heldOut = 0;                              ///< pictures of which it is not known yet whom they show
    int faces = 0;                                ///< seen on this frame
    int created = 0;                              ///< tracks told of for the first time
    std::vector<Encoded> encoded;                 ///< that went into a track's fused embedding
    std::vector<std::pair<int, int>> recognised;  ///< new track, the hidden one that it goes on as
    std::vector<std::pair<int, int>> split;       ///< a track, and the new one whose person its face was
    std::vector<std::pair<int, int>> swapped;     ///< tracks that got their faces back
};

}  // namespace drgan

#endif
