// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_EVENT_JSON_HPP
#define DRGAN_CORE_EVENT_JSON_HPP

#include <opencv2/core.hpp>
#include <string>

#include "event.hpp"

namespace drgan {

/// An event as one JSON object without a newline, with the fields of the element's message except its pictures. Field
/// names have underscores, which jq and Python take as they are; unknown times are null. docs/messages.schema.json.
/// @param frame size in pixels; the box is cut to it
std::string toJson(const Event& event, const Origin& origin, const FrameTimes& times, cv::Size frame,
                   bool withEmbedding);

}  // namespace drgan

#endif
