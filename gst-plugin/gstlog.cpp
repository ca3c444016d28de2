// SPDX-License-Identifier: Apache-2.0
#include "gstlog.h"

namespace drgan {
namespace {

GST_DEBUG_CATEGORY(detectLog);
GST_DEBUG_CATEGORY(alignLog);
GST_DEBUG_CATEGORY(trackLog);
GST_DEBUG_CATEGORY(encodeLog);
GST_DEBUG_CATEGORY(decodeLog);

const char* nameOf(EncodePolicy::Reason reason) {
    switch (reason) {
        case EncodePolicy::Reason::first:
            return "first picture";
        case EncodePolicy::Reason::newYaw:
            return "new yaw";
        case EncodePolicy::Reason::betterView:
            return "better view";
        case EncodePolicy::Reason::refresh:
            return "refresh";
        case EncodePolicy::Reason::none:
            break;
    }
    return "none";
}

const char* nameOf(Event::Kind kind) {
    switch (kind) {
        case Event::Kind::created:
            return "new";
        case Event::Kind::updated:
            return "updated";
        case Event::Kind::lost:
            break;
    }
    return "lost";
}

}  // namespace

void initLog() {
    GST_DEBUG_CATEGORY_INIT(detectLog, "drgan-detect", 0, "drganfrontalize: face detection");
    GST_DEBUG_CATEGORY_INIT(alignLog, "drgan-align", 0, "drganfrontalize: tracking and confirmation by the aligner");
    GST_DEBUG_CATEGORY_INIT(trackLog, "drgan-track", 0, "drganfrontalize: tracks and identities");
    GST_DEBUG_CATEGORY_INIT(encodeLog, "drgan-encode", 0, "drganfrontalize: encoding");
    GST_DEBUG_CATEGORY_INIT(decodeLog, "drgan-decode", 0, "drganfrontalize: frontal views");
}

void logReport(gpointer element, const FrameReport& r) {
    const auto& times = r.times;
    const auto time = [&](Stage stage) { return times[static_cast<size_t>(stage)]; };
    if (const auto ms = time(Stage::detect)) {
        GST_CAT_DEBUG_OBJECT(detectLog, element, "%d faces detected in %.1f ms", r.found, *ms);
    }
    if (const auto ms = time(Stage::align)) {
        GST_CAT_DEBUG_OBJECT(alignLog, element, "%d tracks followed, %d faces not confirmed, %.1f ms", r.followed,
                             r.doubted, *ms);
    }
    for (const auto& [fresh, old] : r.reidentified) {
        GST_CAT_INFO_OBJECT(trackLog, element, "track %d is track %d again", fresh, old);
    }
    for (const auto& [old, fresh] : r.split) {
        GST_CAT_INFO_OBJECT(trackLog, element, "track %d shows another person: track %d", old, fresh);
    }
    if (r.heldOut > 0) {
        GST_CAT_DEBUG_OBJECT(trackLog, element, "%d pictures held out: they may show another person", r.heldOut);
    }
    for (const auto& [one, other] : r.swapped) {
        GST_CAT_INFO_OBJECT(trackLog, element, "tracks %d and %d had been swapped", one, other);
    }
    for (const auto& e : r.encoded) {
        GST_CAT_DEBUG_OBJECT(encodeLog, element, "track %d: %s, yaw %.0f, quality %.3f, confidence %.2f", e.track,
                             nameOf(e.reason), static_cast<double>(e.yaw), static_cast<double>(e.quality),
                             static_cast<double>(e.confidence));
    }
    if (const auto ms = time(Stage::encode)) {
        GST_CAT_DEBUG_OBJECT(encodeLog, element, "%.1f ms", *ms);
    }
    if (const auto ms = time(Stage::decode)) {
        GST_CAT_DEBUG_OBJECT(decodeLog, element, "frontal views drawn in %.1f ms", *ms);
    }
    GST_CAT_LOG_OBJECT(trackLog, element, "%d faces on the frame%s", r.faces,
                       r.skipped ? ", too late for inference" : "");
}

void logEvents(gpointer element, const std::vector<Event>& events) {
    for (const auto& e : events) {
        const std::string who = !e.track.label.empty()
                                    ? ", like " + e.track.label + cv::format(" (%.2f)", e.track.similarity)
                                : !e.track.visitor.empty() ? ", " + e.track.visitor
                                                           : "";
        GST_CAT_INFO_OBJECT(trackLog, element, "track %d %s: %d pictures, total confidence %.2f%s", e.track.id,
                            nameOf(e.kind), e.track.images, e.track.totalConfidence, who.c_str());
    }
}

}  // namespace drgan
