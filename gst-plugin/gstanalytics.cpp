// SPDX-License-Identifier: Apache-2.0
#include "gstanalytics.h"

#ifdef DRGAN_ANALYTICS

#include <gst/analytics/analytics.h>

#include "gstresults.h"

namespace drgan {
namespace {

constexpr float samePlace = 0.5F;  // IoU of two boxes around one face

std::optional<AnalyticsObject> read(const GstAnalyticsODMtd& entry) {
    gint x = 0;
    gint y = 0;
    gint w = 0;
    gint h = 0;
    gfloat score = 0;
    AnalyticsObject out;
    if (!gst_analytics_od_mtd_get_location(&entry, &x, &y, &w, &h, &score)) {
        return std::nullopt;
    }
    out.id = entry.id;
    out.box = {static_cast<float>(x), static_cast<float>(y), static_cast<float>(w), static_cast<float>(h)};
    out.score = score >= 0 && score <= 1 ? score : 1;  // NaN fails the comparison, too
    return out;
}

// The object that another element has detected there.
std::optional<guint> findObject(GstBuffer* buffer, GQuark type, const cv::Rect2f& box) {
    float best = samePlace;
    std::optional<guint> found;
    for (const auto& object : readObjects(buffer, type)) {
        const float common = iou(box, object.box);
        if (common >= best) {
            best = common;
            found = object.id;
        }
    }
    return found;
}

bool findTracking(GstAnalyticsRelationMeta* meta, guint object, GstAnalyticsTrackingMtd& found) {
    gpointer state = nullptr;
    return gst_analytics_relation_meta_get_direct_related(meta, object, GST_ANALYTICS_REL_TYPE_RELATE_TO,
                                                          gst_analytics_tracking_mtd_get_mtd_type(), &state,
                                                          &found) != FALSE;
}

#ifdef DRGAN_ANALYTICS_TENSOR

void writeEmbedding(GstAnalyticsRelationMeta* meta, guint object, const cv::Mat& embedding,
                    const std::string& bundleId) {
    const GQuark id = g_quark_from_string((bundleId + "/embedding").c_str());
    GstBuffer* data = gst_buffer_new_memdup(embedding.data, embedding.total() * embedding.elemSize());
    gpointer state = nullptr;
    GstAnalyticsTensorMtd entry;
    while (gst_analytics_relation_meta_get_direct_related(meta, object, GST_ANALYTICS_REL_TYPE_CONTAIN,
                                                          gst_analytics_tensor_mtd_get_mtd_type(), &state, &entry)) {
        GstTensor* tensor = gst_analytics_tensor_mtd_get_tensor(&entry);
        if (tensor->id == id) {  // from another drganfrontalize upstream
            gst_buffer_replace(&tensor->data, data);
            gst_buffer_unref(data);
            return;
        }
    }
    gsize dims[] = {1, embedding.total()};
    if (!gst_analytics_relation_meta_add_tensor_mtd_simple(meta, id, GST_TENSOR_DATA_TYPE_FLOAT32, data,
                                                           GST_TENSOR_DIM_ORDER_ROW_MAJOR, 2, dims, &entry)) {
        gst_buffer_unref(data);
        return;
    }
    gst_analytics_relation_meta_set_relation(meta, GST_ANALYTICS_REL_TYPE_CONTAIN, object, entry.id);
    gst_analytics_relation_meta_set_relation(meta, GST_ANALYTICS_REL_TYPE_IS_PART_OF, entry.id, object);
}

#else

void writeEmbedding(GstAnalyticsRelationMeta*, guint, const cv::Mat&, const std::string&) {}

#endif

void write(GstAnalyticsRelationMeta* meta, GQuark type, const cv::Rect& box, const TrackInfo& track,
           std::optional<guint> known, bool withEmbedding, const std::string& bundleId) {
    GstAnalyticsODMtd object;
    if (!(known && gst_analytics_relation_meta_get_od_mtd(meta, *known, &object)) &&
        !gst_analytics_relation_meta_add_od_mtd(meta, type, box.x, box.y, box.width, box.height, track.score,
                                                &object)) {
        return;
    }
    GstAnalyticsTrackingMtd tracking;
    if (!findTracking(meta, object.id, tracking) &&
        gst_analytics_relation_meta_add_tracking_mtd(meta, static_cast<guint64>(track.id),
                                                     static_cast<GstClockTime>(track.firstSeen), &tracking)) {
        gst_analytics_tracking_mtd_update_last_seen(&tracking, static_cast<GstClockTime>(track.lastSeen));
        gst_analytics_relation_meta_set_relation(meta, GST_ANALYTICS_REL_TYPE_RELATE_TO, object.id, tracking.id);
    }
    GstAnalyticsClsMtd name;
    if (!track.label.empty() &&
        gst_analytics_relation_meta_add_one_cls_mtd(meta, static_cast<gfloat>(track.similarity),
                                                    g_quark_from_string(track.label.c_str()), &name)) {
        gst_analytics_relation_meta_set_relation(meta, GST_ANALYTICS_REL_TYPE_CONTAIN, object.id, name.id);
        gst_analytics_relation_meta_set_relation(meta, GST_ANALYTICS_REL_TYPE_IS_PART_OF, name.id, object.id);
    }
    if (withEmbedding && !track.embedding.empty()) {
        writeEmbedding(meta, object.id, track.embedding, bundleId);
    }
}

}  // namespace

std::vector<AnalyticsObject> readObjects(GstBuffer* buffer, GQuark type) {
    std::vector<AnalyticsObject> out;
    GstAnalyticsRelationMeta* meta = gst_buffer_get_analytics_relation_meta(buffer);
    gpointer state = nullptr;
    GstAnalyticsODMtd entry;
    while (meta != nullptr &&
           gst_analytics_relation_meta_iterate(meta, &state, gst_analytics_od_mtd_get_mtd_type(), &entry)) {
        auto object = gst_analytics_od_mtd_get_obj_type(&entry) == type ? read(entry) : std::nullopt;
        if (!object) {
            continue;
        }
        GstAnalyticsTrackingMtd tracking;
        guint64 id = 0;
        GstClockTime first = 0;
        GstClockTime last = 0;
        gboolean lost = FALSE;
        if (findTracking(meta, entry.id, tracking) &&
            gst_analytics_tracking_mtd_get_info(&tracking, &id, &first, &last, &lost)) {
            object->key = id;
        }
        out.push_back(*object);
    }
    return out;
}

void writeAnalytics(GstBuffer* buffer, GQuark type, cv::Size frame, const TrackInfo& track, std::optional<guint> known,
                    bool withEmbedding, const std::string& bundleId) {
    const cv::Rect box = pixelBox(track.box, frame);
    if (box.empty()) {
        return;
    }
    GstAnalyticsRelationMeta* meta = gst_buffer_get_analytics_relation_meta(buffer);
    if (meta == nullptr) {
        meta = gst_buffer_add_analytics_relation_meta(buffer);
    }
    if (meta == nullptr) {
        return;
    }
    write(meta, type, box, track, known ? known : findObject(buffer, type, cv::Rect2f(box)), withEmbedding, bundleId);
}

}  // namespace drgan

#else

namespace drgan {

std::vector<AnalyticsObject> readObjects(GstBuffer*, GQuark) { return {}; }

void writeAnalytics(GstBuffer*, GQuark, cv::Size, const TrackInfo&, std::optional<guint>, bool, const std::string&) {}

}  // namespace drgan

#endif
