// SPDX-License-Identifier: Apache-2.0
//
// Reads faces from upstream's metadata; writes results to metadata and messages.
#ifndef GST_DRGAN_RESULTS_H
#define GST_DRGAN_RESULTS_H

#include <gst/video/video.h>

#include <optional>
#include <string>
#include <vector>

#include "core/event.hpp"
#include "core/pipeline.hpp"
#include "core/results/statistics.hpp"
#include "mqtt/mqtt_publisher.hpp"

namespace drgan {

/// The faces that upstream reports with a buffer: regions, objects of GstAnalyticsRelationMeta, or both for one face.
struct Upstream {
    struct Source {
        GstVideoRegionOfInterestMeta* region = nullptr;  ///< valid until a meta is removed from the buffer
        std::optional<guint> object;                     ///< id of the object
    };
    std::vector<Face> faces;
    std::vector<Source> sources;  ///< Face::externalSlot is the index

    /// The source of the track's face on this frame; null: not from upstream.
    const Source* of(const TrackInfo& track) const {
        const bool known = track.slot >= 0 && static_cast<size_t>(track.slot) < sources.size();
        return known ? &sources[static_cast<size_t>(track.slot)] : nullptr;
    }
};

/// @param type of the regions and objects that count as faces
/// @param frame size in pixels; faces outside it are left out
Upstream readUpstream(GstBuffer* buffer, GQuark type, cv::Size frame);

/// Writes a track to the region it was taken from, or to a new region of this type. Ids from upstream are kept:
/// object_id, and the region's id if it is that of an object or of another region's parent. The buffer must be
/// writable.
/// @param bundleId model_name in the embedding's structure
void writeRegion(GstBuffer* buffer, const Upstream& upstream, GQuark type, cv::Size frame, const TrackInfo& track,
                 bool withEmbedding, const std::string& bundleId);

/// The structure of an element message "drganfrontalize"; the caller owns it.
GstStructure* makeMessage(const Event& event, const Origin& origin, const FrameTimes& times, cv::Size frame,
                          bool withEmbedding, bool withPictures);

/// The frontal view of the event's track as an RGB picture, with the results in a region; null if there is none. The
/// caller owns it.
/// @param side width and height, pixels
GstBuffer* makeFace(const Event& event, const FrameTimes& times, int side, GQuark type, bool withEmbedding,
                    const std::string& bundleId);

/// The value of the property "stats"; the caller owns it. Stages that have not run yet are left out.
GstStructure* makeStats(const Statistics::Snapshot& snapshot);

/// Adds what has become of the messages to the broker.
void addDelivery(GstStructure* stats, const MqttPublisher::Counts& counts);

}  // namespace drgan

#endif
