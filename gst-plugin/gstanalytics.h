// SPDX-License-Identifier: Apache-2.0
//
// Objects, tracks and classes of GstAnalyticsRelationMeta, in and out. Does nothing where GStreamer before 1.24 was
// built with.
#ifndef GST_DRGAN_ANALYTICS_H
#define GST_DRGAN_ANALYTICS_H

#include <gst/video/video.h>

#include <optional>
#include <string>
#include <vector>

#include "core/identity/identity.hpp"

namespace drgan {

/// An object (GstAnalyticsODMtd) that somebody has found in a frame.
struct AnalyticsObject {
    guint id = 0;            ///< within the frame's meta; no track's
    cv::Rect2f box;          ///< pixels of the frame
    float score = 0;         ///< in [0, 1]
    std::optional<Key> key;  ///< of the track (GstAnalyticsTrackingMtd) that it relates to
};

/// The objects of this type that came with a frame.
std::vector<AnalyticsObject> readObjects(GstBuffer* buffer, GQuark type);

/// Writes a track: the face as an object, its track, which the object relates to, and its name, if it has one, as a
/// class that the object contains. An object that is there already gets them in place of a new one, and keeps a track
/// that it has.
/// @param type of the object
/// @param known the object that the track was seen as; without, one of this type in the same place is taken
/// @param withEmbedding from GStreamer 1.28 on, as a tensor that the object contains: 32-bit floats, 1 x Nf, named
///        "BUNDLE/embedding"
/// @param bundleId the bundle that made it
void writeAnalytics(GstBuffer* buffer, GQuark type, cv::Size frame, const TrackInfo& track, std::optional<guint> known,
                    bool withEmbedding, const std::string& bundleId);

}  // namespace drgan

#endif
