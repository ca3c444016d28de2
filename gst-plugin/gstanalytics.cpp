// SPDX-License-Identifier: Apache-2.0
#include "gstanalytics.h"

#ifdef DRGAN_ANALYTICS

#include <gst/analytics/analytics.h>

#include <limits>

#include "gstresults.h"

namespace drgan {
namespace {

constexpr float samePlace = 0.5F;  // overlap of two boxes around one face

// The object that somebody else has found there.
bool findObject(GstAnalyticsRelationMeta* meta, GQuark type, const cv::Rect2f& box, GstAnalyticsODMtd& found) {
    float best = samePlace;
    bool any = false;
    gpointer state = nullptr;
    GstAnalyticsMtd entry;
    while (gst_analytics_relation_meta_iterate(meta, &state, gst_analytics_od_mtd_get_mtd_type(), &entry)) {
        gint x = 0;
        gint y = 0;
        gint w = 0;
        gint h = 0;
        gfloat score = 0;
        if (gst_analytics_od_mtd_get_obj_type(&entry) != type ||
            !gst_analytics_od_mtd_get_location(&entry, &x, &y, &w, &h, &score)) {
            continue;
        }
        const float common = overlap(box, cv::Rect2f(cv::Rect(x, y, w, h)));
        if (common >= best) {
            best = common;
            found = entry;
            any = true;
        }
    }
    return any;
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
        if (tensor->id == id) {  // of an element of this kind before
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

void write(GstAnalyticsRelationMeta* meta, GQuark type, const Box& b, const TrackInfo& track, bool withEmbedding,
           const std::string& bundleId) {
    GstAnalyticsODMtd object;
    const cv::Rect2f box(static_cast<float>(b.x), static_cast<float>(b.y), static_cast<float>(b.width),
                         static_cast<float>(b.height));
    if (!findObject(meta, type, box, object) &&
        !gst_analytics_relation_meta_add_od_mtd(meta, type, static_cast<gint>(b.x), static_cast<gint>(b.y),
                                                static_cast<gint>(b.width), static_cast<gint>(b.height), track.score,
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

void writeAnalytics(GstBuffer* buffer, GQuark type, cv::Size frame, const TrackInfo& track, bool withEmbedding,
                    const std::string& bundleId) {
    const Box box = cutBox(track.box, frame);
    if (box.width == 0 || box.height == 0) {
        return;
    }
    GstAnalyticsRelationMeta* meta = gst_buffer_get_analytics_relation_meta(buffer);
    if (meta == nullptr) {
        meta = gst_buffer_add_analytics_relation_meta(buffer);
    }
    if (meta != nullptr) {
        write(meta, type, box, track, withEmbedding, bundleId);
    }
}

std::optional<int> trackOfObject(GstBuffer* buffer, const GstVideoRegionOfInterestMeta& region) {
    GstAnalyticsRelationMeta* meta = gst_buffer_get_analytics_relation_meta(buffer);
    gpointer state = nullptr;
    GstAnalyticsODMtd object;
    while (meta != nullptr &&
           gst_analytics_relation_meta_iterate(meta, &state, gst_analytics_od_mtd_get_mtd_type(), &object)) {
        gint x = 0;
        gint y = 0;
        gint w = 0;
        gint h = 0;
        gfloat score = 0;
        if (static_cast<gint>(object.id) != region.id ||
            !gst_analytics_od_mtd_get_location(&object, &x, &y, &w, &h, &score) || static_cast<guint>(x) != region.x ||
            static_cast<guint>(y) != region.y || static_cast<guint>(w) != region.w ||
            static_cast<guint>(h) != region.h) {
            continue;
        }
        GstAnalyticsTrackingMtd tracking;
        guint64 id = 0;
        GstClockTime first = 0;
        GstClockTime last = 0;
        gboolean lost = FALSE;
        const bool tracked = findTracking(meta, object.id, tracking) &&
                             gst_analytics_tracking_mtd_get_info(&tracking, &id, &first, &last, &lost) &&
                             id <= static_cast<guint64>(std::numeric_limits<int>::max());
        return tracked ? static_cast<int>(id) : -1;
    }
    return std::nullopt;
}

}  // namespace drgan

#else

namespace drgan {

void writeAnalytics(GstBuffer*, GQuark, cv::Size, const TrackInfo&, bool, const std::string&) {}

std::optional<int> trackOfObject(GstBuffer*, const GstVideoRegionOfInterestMeta&) { return std::nullopt; }

}  // namespace drgan

#endif
