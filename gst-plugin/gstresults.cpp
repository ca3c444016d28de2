// SPDX-License-Identifier: Apache-2.0
#include "gstresults.h"

#include <opencv2/imgproc.hpp>

#include "core/results/utc.hpp"
#include "gstanalytics.h"
#include "gstframe.h"

namespace drgan {
namespace {

// DL Streamer's numbers for a tensor's precision and layout.
constexpr int precisionFp32 = 10;
constexpr int layoutNc = 193;

static_assert(FrameTimes::unknown == GST_CLOCK_TIME_NONE, "unknown times");

constexpr float samePlace = 0.5F;  // IoU of two boxes around one face

// Upstream's id of the face. The region's own id identifies the region only: detectors use a new one on each frame.
std::optional<Key> keyOf(GstVideoRegionOfInterestMeta* meta) {
    gint id = -1;
    const GstStructure* param = gst_video_region_of_interest_meta_get_param(meta, "object_id");
    const bool known = param != nullptr && gst_structure_get_int(param, "id", &id) && id >= 0;
    return known ? std::optional<Key>(static_cast<Key>(id)) : std::nullopt;
}

bool isParent(GstBuffer* buffer, const GstVideoRegionOfInterestMeta* region) {
    gpointer state = nullptr;
    while (GstMeta* meta =
               gst_buffer_iterate_meta_filtered(buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) {
        const auto* other = reinterpret_cast<GstVideoRegionOfInterestMeta*>(meta);
        if (other != region && other->parent_id > 0 && other->parent_id == region->id) {
            return true;
        }
    }
    return false;
}

// The usable part of a box from upstream; none if it is outside the frame.
std::optional<cv::Rect2f> placeOf(const cv::Rect2d& box, cv::Size frame) {
    const cv::Rect2d inside = box & cv::Rect2d(0, 0, frame.width, frame.height);
    if (inside.width < 1 || inside.height < 1) {
        return std::nullopt;
    }
    // A box that is partly outside the frame still places the face; one that is mostly outside does not.
    const bool sane = inside.area() * 2 >= box.area();
    return cv::Rect2f(sane ? box : inside);
}

// The index of the region of the same face that has no object yet; the number of regions if there is none. DL Streamer
// gives a region the id of its object.
size_t regionOf(const AnalyticsObject& object, const Upstream& known, size_t regions) {
    size_t best = regions;
    float score = 0;
    for (size_t i = 0; i < regions; ++i) {
        const auto& source = known.sources[i];
        const float common = iou(known.faces[i].box, object.box);
        if (source.object || common < samePlace) {
            continue;
        }
        const float s = common + (source.region->id == static_cast<gint>(object.id) ? 1.F : 0.F);
        if (s > score) {
            score = s;
            best = i;
        }
    }
    return best;
}

// The meta's structure of that name, for writing; created if it does not exist.
GstStructure* param(GstVideoRegionOfInterestMeta* meta, const char* name) {
    GstStructure* s = gst_video_region_of_interest_meta_get_param(meta, name);
    if (s == nullptr) {
        s = gst_structure_new_empty(name);
        gst_video_region_of_interest_meta_add_param(meta, s);
    }
    return s;
}

template <typename T, typename Set>
void setArray(GstStructure* s, const char* field, GType type, const std::vector<T>& values, Set set) {
    GValue array = G_VALUE_INIT;
    gst_value_array_init(&array, static_cast<guint>(values.size()));
    for (const auto v : values) {
        GValue item = G_VALUE_INIT;
        g_value_init(&item, type);
        set(&item, v);
        gst_value_array_append_and_take_value(&array, &item);
    }
    gst_structure_take_value(s, field, &array);
}

// A structure from another drganfrontalize upstream may have a name or a visitor's id already.
void setLabel(GstStructure* s, const TrackInfo& track) {
    if (track.label.empty()) {
        gst_structure_remove_fields(s, "label", "similarity", nullptr);
    } else {
        gst_structure_set(s, "label", G_TYPE_STRING, track.label.c_str(), "similarity", G_TYPE_DOUBLE, track.similarity,
                          nullptr);
    }
    if (track.visitor.empty()) {
        gst_structure_remove_field(s, "visitor");
    } else {
        gst_structure_set(s, "visitor", G_TYPE_STRING, track.visitor.c_str(), nullptr);
    }
}

void setOrigin(GstStructure* s, const Origin& origin, const FrameTimes& times) {
    gst_structure_set(s, "schema", G_TYPE_UINT, static_cast<guint>(messageSchema), "source", G_TYPE_STRING,
                      origin.source.c_str(), "bundle", G_TYPE_STRING, origin.bundle.c_str(), nullptr);
    if (times.utc != FrameTimes::unknown) {
        gst_structure_set(s, "utc", G_TYPE_STRING, utcText(times.utc).c_str(), nullptr);
    }
}

void setKey(GstStructure* s, const TrackInfo& track) {
    if (track.key) {
        gst_structure_set(s, "upstream-id", G_TYPE_UINT64, static_cast<guint64>(*track.key), nullptr);
    } else {
        gst_structure_remove_field(s, "upstream-id");
    }
}

void setEmbedding(GstStructure* s, const cv::Mat& embedding, const std::string& bundleId) {
    const auto bytes = embedding.total() * embedding.elemSize();
    GVariant* data = g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, embedding.data, bytes, 1);
    // "cosine_distance" is DL Streamer's word for a feature vector that is compared by its angle.
    gst_structure_set(s, "layer_name", G_TYPE_STRING, "embedding", "model_name", G_TYPE_STRING, bundleId.c_str(),
                      "format", G_TYPE_STRING, "cosine_distance", "precision", G_TYPE_INT, precisionFp32, "layout",
                      G_TYPE_INT, layoutNc, "data_buffer", G_TYPE_VARIANT, data, nullptr);
    setArray<guint>(s, "dims", G_TYPE_UINT, {1, static_cast<guint>(embedding.total())}, g_value_set_uint);
}

}  // namespace

Upstream readUpstream(GstBuffer* buffer, GQuark type, cv::Size frame) {
    Upstream out;
    const auto add = [&](const cv::Rect2f& box, float score, std::optional<Key> key, Upstream::Source source) {
        Face face;
        face.box = box;
        face.score = score;
        face.key = key;
        face.externalSlot = static_cast<int>(out.sources.size());
        out.faces.push_back(face);
        out.sources.push_back(source);
    };
    gpointer state = nullptr;
    while (GstMeta* meta =
               gst_buffer_iterate_meta_filtered(buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) {
        auto* roi = reinterpret_cast<GstVideoRegionOfInterestMeta*>(meta);
        // The fields are unsigned: negative coordinates have wrapped around.
        const cv::Rect2d box(static_cast<gint>(roi->x), static_cast<gint>(roi->y), roi->w, roi->h);
        if (const auto place = roi->roi_type == type ? placeOf(box, frame) : std::nullopt) {
            add(*place, 1, keyOf(roi), {roi, std::nullopt});
        }
    }
    const size_t regions = out.sources.size();
    for (const auto& object : readObjects(buffer, type)) {
        const size_t region = regionOf(object, out, regions);
        if (region < regions) {
            out.sources[region].object = object.id;
            Face& face = out.faces[region];
            face.key = face.key ? face.key : object.key;
        } else if (const auto place = placeOf(object.box, frame)) {
            add(*place, object.score, object.key, {nullptr, object.id});
        }
    }
    return out;
}

void writeRegion(GstBuffer* buffer, const Upstream& upstream, GQuark type, cv::Size frame, const TrackInfo& track,
                 bool withEmbedding, const std::string& bundleId) {
    const Upstream::Source* source = upstream.of(track);
    GstVideoRegionOfInterestMeta* meta = source != nullptr ? source->region : nullptr;
    const bool theirs = meta != nullptr;
    if (!theirs) {
        const cv::Rect box = pixelBox(track.box, frame);
        if (box.empty()) {
            return;
        }
        meta = gst_buffer_add_video_region_of_interest_meta_id(buffer, type, static_cast<guint>(box.x),
                                                               static_cast<guint>(box.y), static_cast<guint>(box.width),
                                                               static_cast<guint>(box.height));
    }
    if (!theirs || !((source->object && meta->id == static_cast<gint>(*source->object)) || isParent(buffer, meta))) {
        meta->id = track.id;
    }
    if (!keyOf(meta)) {
        gst_structure_set(param(meta, "object_id"), "id", G_TYPE_INT, track.id, nullptr);
    }
    GstStructure* drgan = param(meta, "drgan");
    gst_structure_set(drgan, "track-id", G_TYPE_INT, track.id, "yaw", G_TYPE_DOUBLE, static_cast<gdouble>(track.yaw),
                      "confidence", G_TYPE_DOUBLE, static_cast<gdouble>(track.confidence), "images", G_TYPE_UINT,
                      static_cast<guint>(track.images), "total-confidence", G_TYPE_DOUBLE, track.totalConfidence,
                      nullptr);
    setKey(drgan, track);
    setLabel(drgan, track);
    if (withEmbedding && !track.embedding.empty()) {
        setEmbedding(param(meta, "drgan-embedding"), track.embedding, bundleId);
    }
}

GstStructure* makeMessage(const Event& event, const Origin& origin, const FrameTimes& times, cv::Size frame,
                          bool withEmbedding, bool withPictures) {
    const TrackInfo& t = event.track;
    const cv::Rect box = pixelBox(t.box, frame);
    GstStructure* s = gst_structure_new(
        "drganfrontalize", "timestamp", G_TYPE_UINT64, times.timestamp, "stream-time", G_TYPE_UINT64, times.streamTime,
        "running-time", G_TYPE_UINT64, times.runningTime, "duration", G_TYPE_UINT64, times.duration, "event",
        G_TYPE_STRING, eventName(event.kind), "track-id", G_TYPE_UINT, static_cast<guint>(t.id), "x", G_TYPE_UINT,
        static_cast<guint>(box.x), "y", G_TYPE_UINT, static_cast<guint>(box.y), "width", G_TYPE_UINT,
        static_cast<guint>(box.width), "height", G_TYPE_UINT, static_cast<guint>(box.height), "yaw", G_TYPE_DOUBLE,
        static_cast<gdouble>(t.yaw), "confidence", G_TYPE_DOUBLE, static_cast<gdouble>(t.confidence), "images",
        G_TYPE_UINT, static_cast<guint>(t.images), "total-confidence", G_TYPE_DOUBLE, t.totalConfidence, nullptr);
    setOrigin(s, origin, times);
    setKey(s, t);
    setLabel(s, t);
    if (withEmbedding && !t.embedding.empty()) {
        const auto* f = t.embedding.ptr<float>();
        setArray<float>(s, "embedding", G_TYPE_FLOAT, {f, f + t.embedding.total()}, g_value_set_float);
    }
    if (withPictures) {
        const std::pair<const char*, const cv::Mat*> pictures[] = {{"face", &t.crop}, {"frontal", &t.frontal}};
        for (const auto& [field, picture] : pictures) {
            if (GstSample* sample = makeSample(*picture)) {
                gst_structure_set(s, field, GST_TYPE_SAMPLE, sample, nullptr);
                gst_sample_unref(sample);
            }
        }
    }
    return s;
}

GstBuffer* makeFace(const Event& event, const FrameTimes& times, int side, GQuark type, bool withEmbedding,
                    const std::string& bundleId) {
    TrackInfo track = event.track;
    if (track.frontal.empty()) {
        return nullptr;
    }
    cv::Mat picture = track.frontal;
    const cv::Size size(side, side);
    if (picture.size() != size) {
        cv::resize(track.frontal, picture, size, 0, 0, side < picture.cols ? cv::INTER_AREA : cv::INTER_CUBIC);
    }
    GstBuffer* buffer = makePicture(picture);
    if (buffer != nullptr) {
        GST_BUFFER_PTS(buffer) = times.timestamp;
        track.slot = -1;
        track.box = cv::Rect2f(cv::Point2f(), cv::Size2f(size));
        writeRegion(buffer, {}, type, size, track, withEmbedding, bundleId);
    }
    return buffer;
}

GstStructure* makeStats(const Statistics::Snapshot& snapshot) {
    GstStructure* s =
        gst_structure_new("drganfrontalize-stats", "frames", G_TYPE_UINT64, snapshot.frames, "skipped", G_TYPE_UINT64,
                          snapshot.skipped, "faces", G_TYPE_UINT64, snapshot.faces, "tracks", G_TYPE_UINT64,
                          snapshot.tracks, "encodes", G_TYPE_UINT64, snapshot.encodes, nullptr);
    for (size_t i = 0; i < stageCount; ++i) {
        if (const auto& spread = snapshot.stages[i]) {
            const std::string name = stageNames[i];
            gst_structure_set(s, (name + "-median").c_str(), G_TYPE_DOUBLE, spread->median, (name + "-p99").c_str(),
                              G_TYPE_DOUBLE, spread->p99, nullptr);
        }
    }
    return s;
}

void addDelivery(GstStructure* stats, const MqttPublisher::Counts& counts) {
    gst_structure_set(stats, "mqtt-sent", G_TYPE_UINT64, counts.sent, "mqtt-queued", G_TYPE_UINT64, counts.queued,
                      "mqtt-dropped", G_TYPE_UINT64, counts.dropped, "mqtt-connected", G_TYPE_BOOLEAN,
                      counts.connected ? TRUE : FALSE, nullptr);
}

}  // namespace drgan
