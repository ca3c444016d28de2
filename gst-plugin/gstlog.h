// SPDX-License-Identifier: Apache-2.0
//
// What the core reports, in GStreamer's log: categories drgan-detect, drgan-align, drgan-track, drgan-encode,
// drgan-decode. The element's own is drganfrontalize.
#ifndef GST_DRGAN_LOG_H
#define GST_DRGAN_LOG_H

#include <gst/gst.h>

#include <vector>

#include "core/pipeline.hpp"

namespace drgan {

/// Call once before the others.
void initLog();

void logReport(gpointer element, const FrameReport& report);

void logEvents(gpointer element, const std::vector<Event>& events);

}  // namespace drgan

#endif
