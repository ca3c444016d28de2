// SPDX-License-Identifier: Apache-2.0
//
// A gallery that changes while the element plays: a replaced file, the property, and the action signals enroll,
// remove-person, rename-person, merge-people and save-gallery.
#include <atomic>
#include <fstream>
#include <opencv2/drgan.hpp>
#include <thread>

#include "element_fixture.hpp"

namespace {

using cv::drgan::Gallery;
using drgan_test::Element;
using drgan_test::Posted;
using drgan_test::TempDir;
using testing::ElementsAre;
using testing::HasSubstr;

template <typename... Arguments>
bool emit(const Element& e, const char* signal, Arguments... arguments) {
    gboolean done = FALSE;
    g_signal_emit_by_name(e.element, signal, arguments..., &done);
    return done != FALSE;
}

class LivingGallery : public testing::Test {
protected:
    void SetUp() override {
        Element e("embeddings=true");
        e.caps("BGR", 320, 240);
        gst_buffer_unref(e.pushFace(40, 60, 80));
        const auto messages = e.messages();
        const GValue* array = gst_structure_get_value(messages.back().structure(), "embedding");
        for (guint i = 0; i < gst_value_array_get_size(array); ++i) {
            face.push_back(g_value_get_float(gst_value_array_get_value(array, i)));
        }
        face = face.t();
        write({});
    }

    /// @param name has the face of the fixture's first frame; empty: nobody
    void write(const std::string& name, const std::string& bundle = "tiny") {
        const auto gallery = Gallery::createEmpty(8, bundle);
        if (!name.empty()) {
            gallery->addFused(name, face, 0.5, 1);
        }
        gallery->save(file);
    }

    // The same picture each time, so that only the gallery can change the name.
    GstBuffer* look(Element& e) {
        GstBuffer* in = e.frame(1);
        Element::addFace(in, 40, 60, 80, 80);
        return gst_harness_push_and_pull(e.harness, in);
    }

    /// The name in the metadata of the next frame.
    std::string nameOn(Element& e) {
        GstBuffer* out = look(e);
        const auto* meta = gst_video_region_of_interest_meta_get_param(drgan_test::regionsOf(out).at(0), "drgan");
        const gchar* label = gst_structure_get_string(meta, "label");
        const std::string name = label != nullptr ? label : "";
        gst_buffer_unref(out);
        return name;
    }

    /// Pushes frames until they have this name. @return whether they do within the time; false if a track was lost
    bool soonIs(Element& e, const std::string& name) {
        for (int i = 0; i < 3000; ++i) {
            if (nameOn(e) == name) {
                return true;
            }
            g_usleep(10000);
        }
        return false;
    }

    static std::vector<std::string> heard(Element& e) {
        std::vector<std::string> out;
        for (const auto& m : e.messages()) {
            const gchar* label = gst_structure_get_string(m.structure(), "label");
            out.push_back(m.event() + " " + std::to_string(m.id()) +
                          (label != nullptr ? std::string(" ") + label : ""));
        }
        return out;
    }

    TempDir dir;
    std::string file = dir.path() + "/people.gallery";
    std::string property = "refresh-interval=3600000 update-threshold=1000 gallery=" + file + " ";
    cv::Mat face;
};

TEST_F(LivingGallery, TakesUpAReplacedFileAndKeepsItsTracks) {
    Element e(property);
    e.caps("BGR", 320, 240);
    EXPECT_EQ(nameOn(e), "");
    write("Ada");
    EXPECT_TRUE(soonIs(e, "Ada"));
    write("Grace");
    EXPECT_TRUE(soonIs(e, "Grace"));
    write("");
    EXPECT_TRUE(soonIs(e, ""));
    EXPECT_THAT(heard(e), ElementsAre("track-new 1", "track-updated 1", "track-updated 1 Ada", "track-updated 1 Grace",
                                      "track-updated 1"));
}

TEST_F(LivingGallery, WarnsOfABadFileAndKeepsTheOldOne) {
    write("Ada");
    Element e(property);
    e.caps("BGR", 320, 240);
    EXPECT_EQ(nameOn(e), "Ada");
    const auto warning = [&] {
        for (int i = 0; i < 3000; ++i) {
            if (const auto w = e.warnings(); !w.empty()) {
                return w.size() == 1 ? w[0] : "more than one";
            }
            g_usleep(10000);
        }
        return std::string("none");
    };
    write("Grace", "somebody-elses");
    EXPECT_THAT(warning(), HasSubstr("somebody-elses"));
    EXPECT_EQ(nameOn(e), "Ada");
    std::ofstream(file, std::ios::binary) << "damaged";
    EXPECT_THAT(warning(), HasSubstr(file));
    EXPECT_EQ(nameOn(e), "Ada");
    write("Grace");
    EXPECT_TRUE(soonIs(e, "Grace"));
    EXPECT_EQ(e.errors(), "");
}

TEST_F(LivingGallery, MayBeAnotherOneWhileTheElementPlays) {
    Element e("refresh-interval=3600000 update-threshold=1000");
    e.caps("BGR", 320, 240);
    EXPECT_EQ(nameOn(e), "");
    write("Ada");
    g_object_set(e.element, "gallery", file.c_str(), nullptr);
    EXPECT_TRUE(soonIs(e, "Ada"));
    g_object_set(e.element, "gallery", nullptr, nullptr);
    EXPECT_TRUE(soonIs(e, ""));
    gchar* set = nullptr;
    g_object_get(e.element, "gallery", &set, nullptr);
    EXPECT_EQ(set, nullptr);
    g_free(set);
}

TEST_F(LivingGallery, HasAPersonWhoWasEnrolledWithTheNextFrame) {
    Element e(property + "source=door");
    e.caps("BGR", 320, 240);
    EXPECT_EQ(nameOn(e), "");
    heard(e);
    EXPECT_TRUE(emit(e, "enroll", 1, "Ada"));
    EXPECT_EQ(nameOn(e), "Ada");
    EXPECT_THAT(heard(e), ElementsAre("track-updated 1 Ada"));
    EXPECT_TRUE(emit(e, "rename-person", "Ada", "Lovelace"));
    EXPECT_EQ(nameOn(e), "Lovelace");
    EXPECT_THAT(heard(e), ElementsAre("track-updated 1 Lovelace"));
    EXPECT_EQ(Gallery::load(file)->size(), 0) << "only save-gallery writes";
    EXPECT_TRUE(emit(e, "save-gallery"));
    const auto saved = Gallery::load(file);
    EXPECT_THAT(saved->names(), ElementsAre("Lovelace"));
    cv::Mat embedding;
    double total = 0;
    int images = 0;
    saved->person("Lovelace", embedding, total, images);
    EXPECT_LT(cv::norm(embedding, face), 1e-6) << "the track's fused embedding";
    EXPECT_EQ(images, 1);
    EXPECT_THAT(std::string(saved->pictures("Lovelace").at(0)),
                testing::AllOf(HasSubstr("door "), HasSubstr("track 1")));
    EXPECT_TRUE(emit(e, "remove-person", "Lovelace"));
    EXPECT_EQ(nameOn(e), "");
    EXPECT_THAT(heard(e), ElementsAre("track-updated 1"));
}

TEST_F(LivingGallery, IsReadAgainAfterARestart) {
    {
        Element e(property);
        e.caps("BGR", 320, 240);
        nameOn(e);
        EXPECT_TRUE(emit(e, "enroll", 1, "Ada"));
        EXPECT_TRUE(emit(e, "save-gallery"));
    }
    Element e(property);
    e.caps("BGR", 320, 240);
    EXPECT_EQ(nameOn(e), "Ada");
}

TEST_F(LivingGallery, MergesTwoPeople) {
    const auto gallery = Gallery::createEmpty(8, "tiny");
    gallery->addFused("Ada", face, 0.5, 2);
    gallery->addFused("Countess", cv::Mat(face + 0.01), 0.5, 3);
    gallery->save(file);
    Element e(property);
    e.caps("BGR", 320, 240);
    EXPECT_EQ(nameOn(e), "") << "the face is like two people";
    EXPECT_TRUE(emit(e, "merge-people", "Countess", "Ada"));
    EXPECT_EQ(nameOn(e), "Ada");
    EXPECT_TRUE(emit(e, "save-gallery"));
    cv::Mat embedding;
    double total = 0;
    int images = 0;
    Gallery::load(file)->person("Ada", embedding, total, images);
    EXPECT_EQ(images, 5);
}

TEST_F(LivingGallery, SaysWhatCouldNotBeDone) {
    Element stopped(property);
    EXPECT_FALSE(emit(stopped, "enroll", 1, "Ada"));
    EXPECT_FALSE(emit(stopped, "remove-person", "Ada"));
    EXPECT_FALSE(emit(stopped, "save-gallery"));

    Element e(property);
    e.caps("BGR", 320, 240);
    nameOn(e);
    EXPECT_FALSE(emit(e, "enroll", 2, "Ada")) << "no such track";
    EXPECT_FALSE(emit(e, "enroll", 1, ""));
    EXPECT_FALSE(emit(e, "enroll", 1, static_cast<const char*>(nullptr)));
    EXPECT_FALSE(emit(e, "enroll", 1, "two\nlines"));
    EXPECT_FALSE(emit(e, "remove-person", "Ada"));
    EXPECT_FALSE(emit(e, "rename-person", "Ada", "Grace"));
    EXPECT_FALSE(emit(e, "merge-people", "Ada", "Grace"));
    EXPECT_TRUE(emit(e, "enroll", 1, "Ada"));
    EXPECT_FALSE(emit(e, "rename-person", "Ada", "two\nlines"));
    EXPECT_EQ(nameOn(e), "Ada");

    Element none;
    none.caps("BGR", 320, 240);
    nameOn(none);
    EXPECT_FALSE(emit(none, "enroll", 1, "Ada")) << "no gallery";
}

TEST_F(LivingGallery, IsNotLostWhereItCannotBeSaved) {
    Element e(property);
    e.caps("BGR", 320, 240);
    nameOn(e);
    EXPECT_TRUE(emit(e, "enroll", 1, "Ada"));
    std::ofstream(file, std::ios::binary) << "somebody has damaged it";
    EXPECT_FALSE(emit(e, "save-gallery"));
    EXPECT_THAT(e.warnings().at(0), HasSubstr(file));
    EXPECT_EQ(nameOn(e), "Ada");
    write("");
    EXPECT_TRUE(emit(e, "save-gallery"));
    EXPECT_THAT(Gallery::load(file)->names(), ElementsAre("Ada"));
}

// For the thread sanitizer: signals, the property and a file that is replaced, while frames pass.
TEST_F(LivingGallery, MayBeChangedFromAnyThread) {
    Element e(property);
    e.caps("BGR", 320, 240);
    nameOn(e);
    std::atomic<bool> done{false};
    std::thread naming([&] {
        for (int i = 0; i < 30; ++i) {
            emit(e, "enroll", 1, "Ada");
            emit(e, "rename-person", "Ada", "Lovelace");
            emit(e, "save-gallery");
            emit(e, "remove-person", "Lovelace");
            g_object_set(e.element, "gallery", i % 2 == 0 ? nullptr : file.c_str(), nullptr);
        }
        done = true;
    });
    while (!done) {
        nameOn(e);
    }
    naming.join();
    EXPECT_EQ(e.errors(), "");
}

}  // namespace
