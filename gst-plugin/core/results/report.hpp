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

/// The stages of processing a frame.
enum class Stage : size_t {
    detect,  ///< the detector
    align,   ///< the aligner: updates tracks, confirms detections
    encode,  ///< alignment and encoding
    decode,  ///< frontal views
    draw,    ///< the overlay
    frame    ///< everything
};
constexpr size_t stageCount = 6;
constexpr std::array<const char*, stageCount> stageNames = {"detect", "align", "encode", "decode", "draw", "frame"};

/// Milliseconds of each stage of one frame; empty if the stage did not run.
using StageTimes = std::array<std::optional<double>, stageCount>;

/// Adds its lifetime to a stage's time, unless it is dismissed.
class StageTimer {
public:
    StageTimer(StageTimes& times, Stage stage) : time_(times[static_cast<size_t>(stage)]) {}
    ~StageTimer() {
        if (counts_) {
            const std::chrono::duration<double, std::milli> passed = Clock::now() - start_;
            time_ = time_.value_or(0) + passed.count();
        }
    }
    /// Call if there was nothing to do: zeros would falsify the statistics.
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
        Time taken;  ///< time of the picture's frame; earlier than this frame for pictures that were held out
    };
    StageTimes times;
    bool skipped = false;                           ///< the frame was late: no network ran
    int found = 0;                                  ///< faces detected
    int followed = 0;                               ///< tracks updated by the landmark tracker
    int doubted = 0;                                ///< faces that the aligner did not confirm
    int heldOut = 0;                                ///< pictures that may show another person
    int faces = 0;                                  ///< faces seen on this frame
    int created = 0;                                ///< tracks announced
    std::vector<Encoded> encoded;                   ///< pictures fused
    std::vector<std::pair<int, int>> reidentified;  ///< new track, the hidden track that it continues
    std::vector<std::pair<int, int>> split;         ///< track that showed another person, the new track of that person
    std::vector<std::pair<int, int>> swapped;       ///< pairs of tracks whose faces had been swapped
};

}  // namespace drgan

#endif
