// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_EXAMPLES_RESULTS_HPP
#define DRGAN_EXAMPLES_RESULTS_HPP

#include <gst/gst.h>

#include <fstream>
#include <opencv2/core.hpp>
#include <optional>
#include <string>
#include <vector>

namespace drgan::examples {

/// What a "drganfrontalize" message says of one track.
struct Result {
    std::string event;  ///< "track-new", "track-updated" or "track-lost"
    unsigned trackId = 0;
    GstClockTime timestamp = GST_CLOCK_TIME_NONE;
    GstClockTime streamTime = GST_CLOCK_TIME_NONE;
    GstClockTime runningTime = GST_CLOCK_TIME_NONE;
    GstClockTime duration = GST_CLOCK_TIME_NONE;
    cv::Rect box;                  ///< of the face, pixels of the frame
    double yaw = 0;                ///< degrees, positive: the nose points to the image's right
    double confidence = 0;         ///< of the last picture
    unsigned images = 0;           ///< pictures fused so far
    double totalConfidence = 0;    ///< sum of their confidences
    std::vector<float> embedding;  ///< empty unless the element was asked for it
    cv::Mat face;                  ///< last aligned picture, 8-bit BGR; empty unless asked for
    cv::Mat frontal;               ///< frontal view of the fused embedding, 8-bit BGR; empty unless asked for
};

/// Reads a message of the element; nothing if it is another message.
std::optional<Result> readResult(GstMessage* message);

/// A file with one JSON object a line. Each line is on the disk before the next begins, so what is there is readable.
class ResultFile {
public:
    /// @throws std::runtime_error naming the file if it cannot be opened.
    explicit ResultFile(const std::string& file);
    /// Appends one line. Times are nanoseconds, null where unknown.
    void add(const Result& result);

private:
    std::string file_;
    std::ofstream stream_;
};

}  // namespace drgan::examples

#endif
