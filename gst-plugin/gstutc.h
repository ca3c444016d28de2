// SPDX-License-Identifier: Apache-2.0
#ifndef GST_DRGAN_UTC_H
#define GST_DRGAN_UTC_H

#include <gst/gst.h>

#include <cstdint>

namespace drgan {

/// The date and time at which a frame was taken, nanoseconds since 1970: from a GstReferenceTimestampMeta of the frame
/// (timestamp/x-ntp or timestamp/x-unix), which a camera's clock has set; else the system's clock at the frame's
/// running time; else, without a clock or running time, the system's clock now.
/// @param runningTime GST_CLOCK_TIME_NONE: unknown
std::uint64_t utcOf(GstElement* element, GstBuffer* buffer, GstClockTime runningTime);

}  // namespace drgan

#endif
