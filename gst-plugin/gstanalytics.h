// SPDX-License-Identifier: Apache-2.0
#ifndef GST_DRGAN_ANALYTICS_H
#define GST_DRGAN_ANALYTICS_H

#include <gst/video/video.h>

#include <optional>
#include <string>

#include "core/identity.hpp"

namespace drgan {

/// Writes a track as entries of a GstAnalyticsRelationMeta: the face as an object, its track, which the object relates
/// to, and its name, if it has one, as a class that the object contains. An object of this type that is there already,
/// in the same place, gets them in place of a new one. Does nothing where GStreamer before 1.24 was built with.
/// @param type of the object
/// @param withEmbedding from GStreamer 1.28 on, as a tensor that the object contains: 32-bit floats, 1 x Nf, named
///        "BUNDLE/embedding"
/// @param bundleId the bundle that made it
void writeAnalytics(GstBuffer* buffer, GQuark type, cv::Size frame, const TrackInfo& track, bool withEmbedding,
                    const std::string& bundleId);

/// DL Streamer's regions have the id of their object in GstAnalyticsRelationMeta, which is no track's.
/// @return none: the region's id is not that of an object in its place; else that object's track, -1: it has none
std::optional<int> trackOfObject(GstBuffer* buffer, const GstVideoRegionOfInterestMeta& region);

}  // namespace drgan

#endif
