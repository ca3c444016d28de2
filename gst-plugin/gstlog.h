// SPDX-License-Identifier: Apache-2.0
//
// Logs the core's reports in the categories drgan-detect, drgan-align, drgan-track, drgan-encode and drgan-decode. The
// element's own category is drganfrontalize.
#ifndef GST_DRGAN_LOG_H
#define GST_DRGAN_LOG_H

#include <gst/gst.h>

#include <vector>

#include "core/pipeline.hpp"

namespace drgan {

/// Call once, before the other functions.
void initLog();

void logReport(gpointer element, const FrameReport& report);

void logEvents(gpointer element, const std::vector<Event>& events);

}  // namespace drgan

#endif
