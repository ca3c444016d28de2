// SPDX-License-Identifier: Apache-2.0
//
// Ids: ours, upstream's, and how they are mapped.
#include <map>
#include <set>

#include "element_fixture.hpp"
#include "run_pipeline.hpp"

namespace {

using drgan_test::Element;
using drgan_test::regionsOf;
using testing::ElementsAre;

GstVideoRegionOfInterestMeta* addKeyed(GstBuffer* buffer, guint x, gint key, gint regionId = 0) {
    auto* roi = Element::addFace(buffer, x, 60, 80, 80);
    roi->id = regionId;
    if (key >= 0) {
        gst_video_region_of_interest_meta_add_param(roi,
                                                    gst_structure_new("object_id", "id", G_TYPE_INT, key, nullptr));
    }
    return roi;
}

struct Ids {
    gint region = -1, object = -1, track = -1;
    guint64 upstream = G_MAXUINT64;  ///< none
    guint images = 0;

    explicit Ids(GstVideoRegionOfInterestMeta* r) : region(r->id) {
        const auto* o = gst_video_region_of_interest_meta_get_param(r, "object_id");
        const auto* d = gst_video_region_of_interest_meta_get_param(r, "drgan");
        if (o != nullptr) {
            gst_structure_get_int(o, "id", &object);
        }
        if (d != nullptr) {
            gst_structure_get_int(d, "track-id", &track);
            gst_structure_get_uint64(d, "upstream-id", &upstream);
            gst_structure_get_uint(d, "images", &images);
        }
    }
};

std::vector<Ids> push(Element& e, GstBuffer* in) {
    GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
    std::vector<Ids> ids;
    for (auto* r : regionsOf(out)) {
        ids.emplace_back(r);
    }
    gst_buffer_unref(out);
    return ids;
}

// Like gvadetect, upstream gives every region of the stream a new id.
TEST(Ids, OfRegionsAreNoTracks) {
    Element e("encode-interval=0 refresh-interval=0");
    e.caps("BGR", 320, 240);
    for (int i = 0; i < 30; ++i) {
        GstBuffer* in = e.frame();
        addKeyed(in, 20, -1, 1000 + 2 * i);
        addKeyed(in, 200, -1, 1001 + 2 * i);
        const auto ids = push(e, in);
        ASSERT_EQ(ids.size(), 2U);
        for (int k = 0; k < 2; ++k) {
            EXPECT_EQ(ids[k].track, k + 1);
            EXPECT_EQ(ids[k].object, k + 1);
            EXPECT_EQ(ids[k].region, k + 1) << "the id that is left after a converter";
            EXPECT_EQ(ids[k].images, static_cast<guint>(i + 1)) << "fused";
            EXPECT_EQ(ids[k].upstream, G_MAXUINT64);
        }
    }
}

TEST(Ids, OfTwoRegionsThatAreTheSameAreStillTwoTracks) {
    for (const bool keyed : {true, false}) {
        Element e;
        e.caps("BGR", 320, 240);
        std::set<gint> tracks;
        for (int i = 0; i < 30; ++i) {
            GstBuffer* in = e.frame();
            addKeyed(in, 20, keyed ? 1 : -1, 1);
            addKeyed(in, 200, keyed ? 1 : -1, 1);
            for (const auto& ids : push(e, in)) {
                tracks.insert(ids.track);
            }
        }
        EXPECT_THAT(tracks, ElementsAre(1, 2)) << keyed;
    }
}

TEST(Ids, OfUpstreamStayAndAreToldWithOurs) {
    Element e;
    e.caps("BGR", 320, 240);
    for (int i = 0; i < 5; ++i) {
        GstBuffer* in = e.frame();
        addKeyed(in, 20, -1);
        addKeyed(in, 200, 1, 500 + i);  // by now the element uses the id 1, too
        const auto ids = push(e, in);
        EXPECT_EQ(ids[0].track, 1);
        EXPECT_EQ(ids[0].object, 1);
        EXPECT_EQ(ids[1].track, 2);
        EXPECT_EQ(ids[1].object, 1) << "upstream's";
        EXPECT_EQ(ids[1].upstream, 1U);
        EXPECT_EQ(ids[1].region, 2);
    }
    std::map<guint, bool> told;
    for (const auto& m : e.messages()) {
        guint64 key = 0;
        const bool has = gst_structure_get_uint64(m.structure(), "upstream-id", &key) != FALSE;
        EXPECT_EQ(has, m.id() == 2);
        EXPECT_EQ(key, has ? 1U : 0U);
        told[m.id()] = has;
    }
    EXPECT_EQ(told.size(), 2U);
}

TEST(Ids, OfARegionThatIsAnothersParentStay) {
    Element e;
    e.caps("BGR", 320, 240);
    GstBuffer* in = e.frame();
    addKeyed(in, 20, -1, 77);
    addKeyed(in, 200, -1, 78);
    auto* hat = Element::addFace(in, 20, 60, 80, 20, "hat");
    hat->id = 79;
    hat->parent_id = 77;
    const auto ids = push(e, in);
    EXPECT_EQ(ids[0].region, 77);
    EXPECT_EQ(ids[0].object, 1);
    EXPECT_EQ(ids[1].region, 2);
    EXPECT_EQ(ids[2].region, 79);
    EXPECT_EQ(ids[2].track, -1);
}

TEST(Ids, OfAFirstElementAreKeysOfASecondOne) {
    Element first;
    Element second;
    first.caps("BGR", 320, 240);
    second.caps("BGR", 320, 240);
    for (int i = 0; i < 3; ++i) {
        GstBuffer* in = second.frame();
        addKeyed(in, 20, -1);
        push(second, in);  // the id 1 of one element is not the id 1 of the other
    }
    gst_buffer_unref(gst_harness_push_and_pull(second.harness, second.frame()));
    for (int i = 0; i < 5; ++i) {
        GstBuffer* in = first.frame();
        addKeyed(in, 200, -1);
        GstBuffer* out = gst_harness_push_and_pull(first.harness, in);
        EXPECT_EQ(Ids(regionsOf(out).at(0)).track, 1);
        GST_BUFFER_PTS(out) += 200 * GST_MSECOND;
        const auto ids = push(second, out);
        ASSERT_EQ(ids.size(), 1U);
        EXPECT_EQ(ids[0].track, 2);
        EXPECT_EQ(ids[0].upstream, 1U);
        EXPECT_EQ(ids[0].object, 1);
    }
}

TEST(Ids, GoOnWhereAConverterHasLeftTheRegionsIdAlone) {
    Element e;
    e.caps("BGR", 320, 240);
    std::set<gint> tracks;
    for (int i = 0; i < 10; ++i) {
        GstBuffer* in = e.frame();
        addKeyed(in, 20, i % 2 == 0 ? 9 : -1, 9);
        tracks.insert(push(e, in).at(0).track);
    }
    EXPECT_THAT(tracks, ElementsAre(1));
}

}  // namespace
