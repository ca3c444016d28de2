// SPDX-License-Identifier: Apache-2.0
//
// Reads and writes objects, tracks and classes of GstAnalyticsRelationMeta. Does nothing if built with GStreamer before
// 1.24.
#ifndef GST_DRGAN_ANALYTICS_H
#define GST_DRGAN_ANALYTICS_H

#include <gst/video/video.h>

#include <optional>
#include <string>
#include <vector>

#include "core/identity/identity.hpp"

namespace drgan {

/// An object (GstAnalyticsODMtd) that another element has detected.
struct AnalyticsObject {
    guint id = 0;            ///< id within the frame's meta; not a track's
    cv::Rect2f box;          ///< pixels of the frame
    float score = 0;         ///< in [0, 1]
    std::optional<Key> key;  ///< id of the track (GstAnalyticsTrackingMtd) that it is related to
};

/// Returns the objects of this type on a buffer.
std::vector<AnalyticsObject> readObjects(GstBuffer* buffer, GQuark type);

/// Writes a track: the face as an object, its track, to which the object is related, and its name, if it has one, as a
/// class that the object contains. If the object exists already, they are added to it; a track that it is related to
/// stays.
/// @param type of the object
/// @param known id of the object that the face was taken from; if none, an object of this type at the same place is
/// used
/// @param withEmbedding from GStreamer 1.28 on, as a tensor that the object contains: 32-bit floats, 1 x Nf, named
///        "BUNDLE/embedding"
/// @param bundleId the bundle that computed the embedding
void writeAnalytics(GstBuffer* buffer, GQuark type, cv::Size frame, const TrackInfo& track, std::optional<guint> known,
                    bool withEmbedding, const std::string& bundleId);

}  // namespace drgan

#endif
