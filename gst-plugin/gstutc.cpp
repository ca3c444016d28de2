// SPDX-License-Identifier: Apache-2.0
#include "gstutc.h"

namespace drgan {
namespace {

// From 1900, where NTP's time begins, to 1970.
constexpr GstClockTime ntpEpoch = 2208988800 * GST_SECOND;

/// @return GST_CLOCK_TIME_NONE: there is none
GstClockTime referenceTime(GstBuffer* buffer) {
    static GstCaps* const ntp = gst_caps_new_empty_simple("timestamp/x-ntp");
    static GstCaps* const unixTime = gst_caps_new_empty_simple("timestamp/x-unix");
    if (const auto* meta = gst_buffer_get_reference_timestamp_meta(buffer, ntp)) {
        return meta->timestamp >= ntpEpoch ? meta->timestamp - ntpEpoch : GST_CLOCK_TIME_NONE;
    }
    const auto* meta = gst_buffer_get_reference_timestamp_meta(buffer, unixTime);
    return meta != nullptr ? meta->timestamp : GST_CLOCK_TIME_NONE;
}

}  // namespace

std::uint64_t utcOf(GstElement* element, GstBuffer* buffer, GstClockTime runningTime) {
    const GstClockTime reference = referenceTime(buffer);
    if (GST_CLOCK_TIME_IS_VALID(reference)) {
        return reference;
    }
    const auto now = static_cast<GstClockTimeDiff>(g_get_real_time()) * GST_USECOND;
    GstClock* clock = gst_element_get_clock(element);
    if (clock == nullptr || !GST_CLOCK_TIME_IS_VALID(runningTime)) {
        gst_clear_object(&clock);
        return static_cast<std::uint64_t>(now);
    }
    const GstClockTime due = gst_element_get_base_time(element) + runningTime;
    const GstClockTimeDiff ahead = GST_CLOCK_DIFF(gst_clock_get_time(clock), due);
    gst_object_unref(clock);
    return static_cast<std::uint64_t>(now + ahead);
}

}  // namespace drgan
