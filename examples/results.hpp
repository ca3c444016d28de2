// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_EXAMPLES_RESULTS_HPP
#define DRGAN_EXAMPLES_RESULTS_HPP

#include <gst/gst.h>

#include <opencv2/core.hpp>
#include <optional>
#include <string>

namespace drgan::examples {

/// The content of a "drganfrontalize" message about one track.
struct Result {
    std::string event;  ///< "track-new", "track-updated" or "track-lost"
    unsigned trackId = 0;
    cv::Rect box;                ///< of the face, pixels of the frame
    double yaw = 0;              ///< degrees, positive: the nose points to the image's right
    double confidence = 0;       ///< of the last picture
    unsigned images = 0;         ///< pictures fused so far
    double totalConfidence = 0;  ///< sum of their confidences
    std::string name;            ///< of the gallery's person; empty: none
    double similarity = 0;       ///< cosine to that person
    std::string visitor;         ///< the field of this name; empty: none
    cv::Mat face;                ///< last aligned picture, 8-bit BGR; empty unless requested
    cv::Mat frontal;             ///< frontal view of the fused embedding, 8-bit BGR; empty unless requested
};

/// Reads a message of the element; empty if it is another message.
std::optional<Result> readResult(GstMessage* message);

}  // namespace drgan::examples

#endif
