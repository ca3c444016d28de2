// SPDX-License-Identifier: Apache-2.0
//
// The faces in GStreamer's own analytics metadata, since 1.24.
#include <gst/analytics/analytics.h>

#include <map>
#include <opencv2/drgan.hpp>
#include <set>

#include "element_fixture.hpp"

namespace {

using drgan_test::Element;

struct Object {
    GstAnalyticsODMtd entry;
    gint x, y, w, h;
    gfloat score;
};

std::vector<Object> objectsOf(GstBuffer* buffer, const char* type = "face") {
    std::vector<Object> out;
    auto* meta = gst_buffer_get_analytics_relation_meta(buffer);
    gpointer state = nullptr;
    Object o;
    while (meta != nullptr &&
           gst_analytics_relation_meta_iterate(meta, &state, gst_analytics_od_mtd_get_mtd_type(), &o.entry)) {
        if (gst_analytics_od_mtd_get_obj_type(&o.entry) == g_quark_from_string(type)) {
            EXPECT_TRUE(gst_analytics_od_mtd_get_location(&o.entry, &o.x, &o.y, &o.w, &o.h, &o.score));
            out.push_back(o);
        }
    }
    return out;
}

struct Tracking {
    guint64 id = 0;
    GstClockTime first = 0, last = 0;
    gboolean lost = TRUE;
    int entries = 0;

    explicit Tracking(Object& object) {
        gpointer state = nullptr;
        GstAnalyticsTrackingMtd entry;
        while (gst_analytics_relation_meta_get_direct_related(
            object.entry.meta, object.entry.id, GST_ANALYTICS_REL_TYPE_RELATE_TO,
            gst_analytics_tracking_mtd_get_mtd_type(), &state, &entry)) {
            EXPECT_TRUE(gst_analytics_tracking_mtd_get_info(&entry, &id, &first, &last, &lost));
            ++entries;
        }
    }
};

gint trackOf(GstVideoRegionOfInterestMeta* region) {
    gint track = -1;
    const GstStructure* drgan = gst_video_region_of_interest_meta_get_param(region, "drgan");
    EXPECT_TRUE(drgan != nullptr && gst_structure_get_int(drgan, "track-id", &track));
    return track;
}

gint64 keyOf(GstVideoRegionOfInterestMeta* region) {
    guint64 key = 0;
    const GstStructure* drgan = gst_video_region_of_interest_meta_get_param(region, "drgan");
    return gst_structure_get_uint64(drgan, "upstream-id", &key) ? static_cast<gint64>(key) : -1;
}

/// Adds a face as an upstream detector and tracker do. @param track < 0: none
GstAnalyticsODMtd addObject(GstBuffer* buffer, gint x, gint track, gint y = 60, const char* type = "face") {
    auto* meta = gst_buffer_get_analytics_relation_meta(buffer);
    if (meta == nullptr) {
        meta = gst_buffer_add_analytics_relation_meta(buffer);
    }
    GstAnalyticsODMtd object;
    EXPECT_TRUE(gst_analytics_relation_meta_add_od_mtd(meta, g_quark_from_string(type), x, y, 80, 80, 0.75F, &object));
    if (track >= 0) {
        GstAnalyticsTrackingMtd tracking;
        EXPECT_TRUE(gst_analytics_relation_meta_add_tracking_mtd(meta, static_cast<guint64>(track), 0, &tracking));
        EXPECT_TRUE(
            gst_analytics_relation_meta_set_relation(meta, GST_ANALYTICS_REL_TYPE_RELATE_TO, object.id, tracking.id));
    }
    return object;
}

TEST(Analytics, ObjectsAreFaces) {
    Element e;
    e.caps("BGR", 320, 240);
    for (int i = 0; i < 30; ++i) {
        GstBuffer* in = e.frame();
        addObject(in, 100, -1, 150, "car");
        addObject(in, 20, 900);
        addObject(in, 200, -1);
        GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
        auto faces = objectsOf(out);
        ASSERT_EQ(faces.size(), 2U);
        EXPECT_EQ(Tracking(faces[0]).id, 900U) << "upstream's id is kept";
        EXPECT_EQ(Tracking(faces[0]).entries, 1);
        EXPECT_EQ(Tracking(faces[1]).id, 2U);
        const auto regions = drgan_test::regionsOf(out);
        ASSERT_EQ(regions.size(), 2U) << "each result needs a region";
        for (auto* r : regions) {
            EXPECT_EQ(trackOf(r), r->x == 20 ? 1 : 2);
            EXPECT_EQ(keyOf(r), r->x == 20 ? 900 : -1);
            EXPECT_EQ(r->w, 80U);
        }
        gst_buffer_unref(out);
    }
}

TEST(Analytics, ObjectsThatMoveKeepTheirTrackByItsKey) {
    Element e;
    e.caps("BGR", 640, 240);
    for (int i = 0; i < 4; ++i) {
        GstBuffer* in = e.frame();
        addObject(in, i % 2 == 0 ? 20 : 400, 5);
        addObject(in, i % 2 == 0 ? 400 : 20, 6);
        GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
        std::set<gint> tracks;
        for (auto* r : drgan_test::regionsOf(out)) {
            tracks.insert(trackOf(r));
        }
        EXPECT_EQ(tracks.size(), 2U);
        gst_buffer_unref(out);
    }
}

TEST(Analytics, ARegionAndAnObjectOfOneFaceAreOne) {
    Element e;
    e.caps("BGR", 640, 240);
    for (int i = 0; i < 5; ++i) {
        GstBuffer* in = e.frame();
        Element::addFace(in, 20, 60, 80, 80);
        Element::addFace(in, 300, 60, 80, 80);
        addObject(in, 304, 8);  // over the second region
        addObject(in, 500, 9);  // over no region
        GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
        const auto regions = drgan_test::regionsOf(out);
        ASSERT_EQ(regions.size(), 3U);
        std::map<guint, gint64> keys;
        std::set<gint> tracks;
        for (auto* r : regions) {
            keys[r->x] = keyOf(r);
            tracks.insert(trackOf(r));
        }
        EXPECT_EQ(keys, (std::map<guint, gint64>{{20, -1}, {300, 8}, {500, 9}}));
        EXPECT_EQ(tracks, (std::set<gint>{1, 2, 3}));
        EXPECT_EQ(objectsOf(out).size(), 3U);
        gst_buffer_unref(out);
    }
}

TEST(Analytics, OfAFirstElementAreFacesOfASecondOne) {
    Element first;
    Element second;
    first.caps("BGR", 320, 240);
    second.caps("BGR", 320, 240);
    gst_buffer_unref(second.pushFace(20, 20, 60));
    for (int i = 0; i < 3; ++i) {
        GstBuffer* in = first.frame();
        Element::addFace(in, 200, 60, 80, 80);
        GstBuffer* between = gst_harness_push_and_pull(first.harness, in);
        // As after a converter, only GStreamer's own metadata is left.
        for (GstVideoRegionOfInterestMeta* r : drgan_test::regionsOf(between)) {
            gst_buffer_remove_meta(between, &r->meta);
        }
        GST_BUFFER_PTS(between) += 40 * GST_MSECOND;
        GstBuffer* out = gst_harness_push_and_pull(second.harness, between);
        const auto regions = drgan_test::regionsOf(out);
        ASSERT_EQ(regions.size(), 1U);
        EXPECT_EQ(trackOf(regions[0]), 2);
        EXPECT_EQ(keyOf(regions[0]), 1);
        gst_buffer_unref(out);
    }
}

TEST(Analytics, HostileObjectsAreSkipped) {
    Element e("min-face-size=1");
    e.caps("BGR", 320, 240);
    GstBuffer* in = e.frame();
    auto* meta = gst_buffer_add_analytics_relation_meta(in);
    const gint places[][4] = {{G_MAXINT, 0, G_MAXINT, 10}, {-900, -900, 100, 100}, {0, 0, 0, 0},
                              {G_MININT, 5, 9, 9},         {310, 230, 400, 400},   {-5, -5, 60, 60}};
    for (const auto& p : places) {
        GstAnalyticsODMtd object;
        gst_analytics_relation_meta_add_od_mtd(meta, g_quark_from_string("face"), p[0], p[1], p[2], p[3], 0.5F,
                                               &object);
    }
    GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
    ASSERT_NE(out, nullptr) << e.errors();
    for (auto* r : drgan_test::regionsOf(out)) {
        EXPECT_LE(r->x + r->w, 320U);
        EXPECT_LE(r->y + r->h, 240U);
    }
    gst_buffer_unref(out);
}

TEST(Analytics, HaveAnObjectForEachFaceThatRelatesToItsTrack) {
    Element e;
    e.caps("BGR", 320, 240);
    gst_buffer_unref(gst_harness_push_and_pull(e.harness, e.frame()));
    for (int i = 1; i <= 3; ++i) {
        GstBuffer* in = e.frame();
        Element::addFace(in, 40, 60, 80, 70);
        Element::addFace(in, 200, 60, 80, 80);
        GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
        auto objects = objectsOf(out);
        ASSERT_EQ(objects.size(), 2U);
        for (auto& o : objects) {
            const Tracking tracking(o);
            EXPECT_EQ(tracking.entries, 1);
            EXPECT_EQ(tracking.id, o.x == 40 ? 2U : 1U);  // the larger face comes first
            EXPECT_EQ(tracking.first, 40 * GST_MSECOND);
            EXPECT_EQ(tracking.last, static_cast<GstClockTime>(i) * 40 * GST_MSECOND);
            EXPECT_FALSE(tracking.lost);
            EXPECT_EQ(o.score, 1);  // the score of upstream's regions
        }
        const Object& o = objects[objects[0].x == 40 ? 0 : 1];
        EXPECT_EQ(o.y, 60);
        EXPECT_EQ(o.w, 80);
        EXPECT_EQ(o.h, 70);
        gst_buffer_unref(out);
    }
}

TEST(Analytics, HaveTheNameAsAClassThatTheObjectContains) {
    const drgan_test::TempDir dir;
    const std::string file = dir.path() + "/people.gallery";
    const auto gallery = cv::drgan::Gallery::createEmpty(8, "tiny");
    gallery->addFused("Ada", cv::Mat::ones(1, 8, CV_32F), 0.5, 1);
    gallery->save(file);
    Element e("match-threshold=-0.999 gallery=" + file);  // every face matches Ada
    e.caps("BGR", 320, 240);
    GstBuffer* out = e.pushFace(40, 60, 80);
    auto objects = objectsOf(out);
    ASSERT_EQ(objects.size(), 1U);
    gpointer state = nullptr;
    GstAnalyticsClsMtd name;
    ASSERT_TRUE(gst_analytics_relation_meta_get_direct_related(objects[0].entry.meta, objects[0].entry.id,
                                                               GST_ANALYTICS_REL_TYPE_CONTAIN,
                                                               gst_analytics_cls_mtd_get_mtd_type(), &state, &name));
    ASSERT_EQ(gst_analytics_cls_mtd_get_length(&name), 1U);
    EXPECT_STREQ(g_quark_to_string(gst_analytics_cls_mtd_get_quark(&name, 0)), "Ada");
    const GstStructure* drgan = gst_video_region_of_interest_meta_get_param(drgan_test::regionsOf(out).at(0), "drgan");
    gdouble similarity = 0;
    EXPECT_TRUE(gst_structure_get_double(drgan, "similarity", &similarity));
    EXPECT_FLOAT_EQ(gst_analytics_cls_mtd_get_level(&name, 0), static_cast<float>(similarity));
    EXPECT_EQ(gst_analytics_relation_meta_get_relation(name.meta, name.id, objects[0].entry.id),
              GST_ANALYTICS_REL_TYPE_IS_PART_OF);
    gst_buffer_unref(out);
}

#ifdef DRGAN_ANALYTICS_TENSOR

std::vector<GstTensor*> tensorsOf(Object& object) {
    std::vector<GstTensor*> out;
    gpointer state = nullptr;
    GstAnalyticsTensorMtd entry;
    while (gst_analytics_relation_meta_get_direct_related(object.entry.meta, object.entry.id,
                                                          GST_ANALYTICS_REL_TYPE_CONTAIN,
                                                          gst_analytics_tensor_mtd_get_mtd_type(), &state, &entry)) {
        EXPECT_EQ(gst_analytics_relation_meta_get_relation(entry.meta, entry.id, object.entry.id),
                  GST_ANALYTICS_REL_TYPE_IS_PART_OF);
        out.push_back(gst_analytics_tensor_mtd_get_tensor(&entry));
    }
    return out;
}

// The tensor has the same bytes as DL Streamer's structure in the region; without the property there is none.
TEST(Analytics, HaveTheEmbeddingAsATensorOnRequestAlone) {
    for (const bool asked : {false, true}) {
        Element first(std::string("embeddings=") + (asked ? "true" : "false"));
        first.caps("BGR", 320, 240);
        GstBuffer* out = first.pushFace(40, 60, 80);
        auto objects = objectsOf(out);
        ASSERT_EQ(objects.size(), 1U);
        const auto tensors = tensorsOf(objects[0]);
        if (!asked) {
            EXPECT_TRUE(tensors.empty());
            gst_buffer_unref(out);
            continue;
        }
        ASSERT_EQ(tensors.size(), 1U);
        EXPECT_STREQ(g_quark_to_string(tensors[0]->id), "tiny/embedding");
        gsize dims[] = {1, 8};
        EXPECT_TRUE(
            gst_tensor_check_type(tensors[0], GST_TENSOR_DATA_TYPE_FLOAT32, GST_TENSOR_DIM_ORDER_ROW_MAJOR, 2, dims));
        const auto inRegion = [](GstBuffer* buffer) {
            const GstStructure* s =
                gst_video_region_of_interest_meta_get_param(drgan_test::regionsOf(buffer).at(0), "drgan-embedding");
            gsize count = 0;
            gconstpointer bytes =
                g_variant_get_fixed_array(g_value_get_variant(gst_structure_get_value(s, "data_buffer")), &count, 1);
            const auto* begin = static_cast<const guint8*>(bytes);
            return std::vector<guint8>(begin, begin + count);
        };
        EXPECT_EQ(drgan_test::bytesOf(tensors[0]->data), inRegion(out));

        Element second("embeddings=true");  // after another element: only the newest tensor
        second.caps("BGR", 320, 240);
        out = gst_harness_push_and_pull(second.harness, out);
        auto again = objectsOf(out);
        ASSERT_EQ(again.size(), 1U);
        const auto newest = tensorsOf(again[0]);
        ASSERT_EQ(newest.size(), 1U);
        EXPECT_EQ(drgan_test::bytesOf(newest[0]->data), inRegion(out));
        gst_buffer_unref(out);
    }
}

#endif

TEST(Analytics, OfAFrameWithoutFacesAreNotThere) {
    Element e;
    e.caps("BGR", 320, 240);
    GstBuffer* out = gst_harness_push_and_pull(e.harness, e.frame());
    EXPECT_EQ(gst_buffer_get_analytics_relation_meta(out), nullptr);
    gst_buffer_unref(out);
}

// As in DL Streamer, the region has the id of its object, and the track is a separate entry.
TEST(Analytics, TellTheTrackOfARegionThatHasAnObjectsId) {
    for (const bool tracked : {true, false}) {
        Element e;
        e.caps("BGR", 320, 240);
        for (int i = 0; i < 2; ++i) {
            GstBuffer* in = e.frame();
            auto* meta = gst_buffer_add_analytics_relation_meta(in);
            GstAnalyticsODMtd other;
            GstAnalyticsODMtd object;
            GstAnalyticsTrackingMtd tracking;
            for (int n = 0; n <= i; ++n) {  // the ids change from frame to frame
                gst_analytics_relation_meta_add_od_mtd(meta, g_quark_from_string("car"), 0, 0, 9, 9, 0.7F, &other);
            }
            gst_analytics_relation_meta_add_od_mtd(meta, g_quark_from_string("face"), 40, 60, 80, 80, 0.7F, &object);
            if (tracked) {
                gst_analytics_relation_meta_add_tracking_mtd(meta, 77, 0, &tracking);
                gst_analytics_relation_meta_set_relation(meta, GST_ANALYTICS_REL_TYPE_RELATE_TO, object.id,
                                                         tracking.id);
            }
            Element::addFace(in, 40, 60, 80, 80)->id = static_cast<gint>(object.id);
            GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
            ASSERT_EQ(drgan_test::regionsOf(out).size(), 1U) << "region and object are one face";
            auto* region = drgan_test::regionsOf(out).at(0);
            EXPECT_EQ(region->id, static_cast<gint>(object.id)) << "the element does not change it";
            EXPECT_EQ(trackOf(region), 1);
            EXPECT_EQ(keyOf(region), tracked ? 77 : -1);
            auto faces = objectsOf(out);
            ASSERT_EQ(faces.size(), 1U);
            const Tracking known(faces[0]);
            EXPECT_EQ(known.entries, 1);
            EXPECT_EQ(known.id, tracked ? 77U : 1U);
            gst_buffer_unref(out);
        }
    }
}

TEST(Analytics, OfOthersAreEnrichedAndKept) {
    Element e;
    e.caps("BGR", 320, 240);
    GstBuffer* in = e.frame();
    Element::addFace(in, 40, 60, 80, 80);
    auto* meta = gst_buffer_add_analytics_relation_meta(in);
    GstAnalyticsODMtd theirs;
    GstAnalyticsODMtd car;
    ASSERT_TRUE(
        gst_analytics_relation_meta_add_od_mtd(meta, g_quark_from_string("face"), 44, 62, 80, 80, 0.7F, &theirs));
    ASSERT_TRUE(gst_analytics_relation_meta_add_od_mtd(meta, g_quark_from_string("car"), 40, 60, 80, 80, 0.9F, &car));
    GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
    auto faces = objectsOf(out);
    ASSERT_EQ(faces.size(), 1U);
    EXPECT_EQ(faces[0].x, 44);
    EXPECT_FLOAT_EQ(faces[0].score, 0.7F);
    EXPECT_EQ(Tracking(faces[0]).id, 1U);
    auto cars = objectsOf(out, "car");
    ASSERT_EQ(cars.size(), 1U);
    EXPECT_EQ(Tracking(cars[0]).entries, 0);
    gst_buffer_unref(out);
}

}  // namespace
