// SPDX-License-Identifier: Apache-2.0
//
// The action signal "forget".
#include <atomic>
#include <set>
#include <thread>

#include "element_fixture.hpp"

namespace {

using drgan_test::Element;
using drgan_test::regionsOf;
using testing::ElementsAre;
using testing::IsEmpty;

guint forget(const Element& e, gint id) {
    guint dropped = 99;
    g_signal_emit_by_name(e.element, "forget", id, &dropped);
    return dropped;
}

GstBuffer* pushTwo(Element& e) {
    GstBuffer* in = e.frame();
    Element::addFace(in, 40, 60, 80, 80);
    Element::addFace(in, 200, 60, 80, 80);
    return gst_harness_push_and_pull(e.harness, in);
}

TEST(Forget, OneTrackEndsAndItsFaceIsMetAnew) {
    Element e;
    e.caps("BGR", 320, 240);
    gst_buffer_unref(pushTwo(e));
    e.messages();
    EXPECT_EQ(forget(e, 1), 1U);
    EXPECT_EQ(forget(e, 1), 0U);
    EXPECT_EQ(forget(e, 77), 0U);
    GstBuffer* out = pushTwo(e);
    std::set<int> ids;
    for (auto* r : regionsOf(out)) {
        ids.insert(r->id);
    }
    EXPECT_THAT(ids, ElementsAre(2, 3));
    gst_buffer_unref(out);
    EXPECT_THAT(e.events(), ElementsAre("track-lost 1", "track-new 3", "track-updated 3"));
}

TEST(Forget, AllTracksEnd) {
    Element e;
    EXPECT_EQ(forget(e, -1), 0U) << "no tracks before the start";
    e.caps("BGR", 320, 240);
    EXPECT_EQ(forget(e, -1), 0U);
    gst_buffer_unref(pushTwo(e));
    e.messages();
    EXPECT_EQ(forget(e, -1), 2U);
    gst_harness_push_event(e.harness, gst_event_new_eos());
    EXPECT_THAT(e.events(), ElementsAre("track-lost 1", "track-lost 2"));
    gst_element_set_state(e.element, GST_STATE_NULL);
    EXPECT_THAT(e.events(), IsEmpty());
    EXPECT_EQ(forget(e, -1), 0U);
}

TEST(Forget, TheLastMessageTellsNothingOfWhoItWas) {
    Element e("embeddings=true pictures=true");
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    e.messages();
    forget(e, 1);
    gst_element_set_state(e.element, GST_STATE_READY);
    const auto messages = e.messages();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].event(), "track-lost");
    EXPECT_EQ(messages[0].get<guint>("images", G_TYPE_UINT), 0U);
    EXPECT_EQ(messages[0].get<guint>("x", G_TYPE_UINT), 40U);
    for (const char* field : {"embedding", "face", "frontal"}) {
        EXPECT_FALSE(gst_structure_has_field(messages[0].structure(), field)) << field;
    }
}

TEST(Forget, AFaceThatIsGoneIsNotRecognisedAgain) {
    for (const bool forgotten : {false, true}) {
        Element e("track-timeout=5000 display=false");
        e.caps("BGR", 320, 240);
        // Always the same pixels, so the same embedding.
        const auto push = [&](bool face) {
            GstBuffer* in = e.frame();
            if (face) {
                Element::addFace(in, 40, 60, 80, 80);
            }
            GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
            const auto regions = regionsOf(out);
            const int id = regions.empty() ? 0 : regions[0]->id;
            gst_buffer_unref(out);
            return id;
        };
        EXPECT_EQ(push(true), 1);
        for (int i = 0; i < 50; ++i) {
            // Meanwhile upstream reports another face, so the first one is missed.
            GstBuffer* in = e.frame();
            Element::addFace(in, 230, 150, 60, 60);
            gst_buffer_unref(gst_harness_push_and_pull(e.harness, in));
        }
        if (forgotten) {
            EXPECT_EQ(forget(e, 1), 1U);
        }
        EXPECT_EQ(push(true) == 1, !forgotten);
    }
}

TEST(Forget, FromOtherThreadsWhileFramesFlow) {
    Element e("encode-interval=0 refresh-interval=0 update-threshold=0 embeddings=true pictures=true");
    e.caps("I420", 320, 240);
    gst_buffer_unref(pushTwo(e));
    std::atomic<bool> streaming{true};
    std::atomic<guint> dropped{0};
    const auto forgetAll = [&](gint from) {
        for (gint id = from; streaming; id = id == from ? -1 : from) {
            dropped += forget(e, id);
        }
    };
    std::thread one(forgetAll, 1);
    std::thread two(forgetAll, 2);
    for (int i = 0; i < 200 || dropped == 0; ++i) {
        GstBuffer* out = pushTwo(e);
        ASSERT_NE(out, nullptr) << e.errors();
        gst_buffer_unref(out);
    }
    streaming = false;
    one.join();
    two.join();
    gst_harness_push_event(e.harness, gst_event_new_eos());
    // Each track is new once and then lost once, whatever happened in between.
    std::set<guint> alive;
    guint created = 0;
    for (const auto& m : e.messages()) {
        if (m.event() == "track-new") {
            ++created;
            EXPECT_TRUE(alive.insert(m.id()).second) << m.id();
        } else if (m.event() == "track-lost") {
            EXPECT_EQ(alive.erase(m.id()), 1U) << m.id();
        } else {
            EXPECT_EQ(alive.count(m.id()), 1U) << m.id();
        }
    }
    EXPECT_THAT(alive, IsEmpty());
    EXPECT_GE(created, dropped);
    EXPECT_LE(created, dropped + 2);
}

}  // namespace
