// SPDX-License-Identifier: Apache-2.0
//
// drgan-enroll's parts: that the element and the gallery have the same of a picture, and whose picture it is.
#include <filesystem>
#include <opencv2/imgcodecs.hpp>

#include "element_fixture.hpp"
#include "enroll.hpp"
#include "generated_faces.hpp"

namespace {

using drgan::enroll::chooseVideo;
using drgan::enroll::Source;
using drgan::enroll::Track;
using drgan_test::TempDir;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr double threshold = 0.5;

/// What drganfrontalize tells at the end of a pipeline, in whose middle it is; empty if there was another face or none.
cv::Mat played(const std::string& before, const std::string& properties = {}) {
    const std::string line = before + " ! drganfrontalize display=false embeddings=true " + properties + " ! fakesink";
    GstElement* pipeline = gst_parse_launch(line.c_str(), nullptr);
    GstBus* bus = gst_element_get_bus(pipeline);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    cv::Mat embedding;
    int lost = 0;
    for (bool ended = false; !ended;) {
        drgan_test::Posted m(gst_bus_timed_pop_filtered(
            bus, GST_CLOCK_TIME_NONE,
            static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_ELEMENT)));
        ended = GST_MESSAGE_TYPE(m.message) != GST_MESSAGE_ELEMENT;
        EXPECT_NE(GST_MESSAGE_TYPE(m.message), GST_MESSAGE_ERROR) << line;
        if (!ended && gst_message_has_name(m.message, "drganfrontalize") && m.event() == "track-lost") {
            ++lost;
            const GValue* array = gst_structure_get_value(m.structure(), "embedding");
            for (guint i = 0; array != nullptr && i < gst_value_array_get_size(array); ++i) {
                embedding.push_back(g_value_get_float(gst_value_array_get_value(array, i)));
            }
        }
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(pipeline);
    return lost == 1 ? embedding.t() : cv::Mat();
}

class Enroll : public testing::Test {
protected:
    void SetUp() override {
        if (drgan_test::trainedBundle().empty()) {
            GTEST_SKIP() << "no trained bundle: set DRGAN_BUNDLE";
        }
        faces = std::make_unique<drgan_test::GeneratedFaces>();
        gallery = cv::drgan::Gallery::create(faces->encoder());
    }

    std::string write(const std::string& name, const cv::Mat& picture) const {
        const std::string file = dir.path() + "/" + name;
        std::filesystem::create_directories(std::filesystem::path(file).parent_path());
        cv::imwrite(file, picture);
        return file;
    }

    std::vector<drgan::enroll::Outcome> enroll(const std::vector<Source>& files) {
        drgan::enroll::FaceElement element({}, {});
        return drgan::enroll::enroll(files, element, *gallery, match, threshold,
                                     [&](size_t, const Source& s) { told.push_back(s.file); });
    }

    cv::Mat known(const std::string& name) const {
        cv::Mat embedding;
        double total = 0;
        int images = 0;
        gallery->person(name, embedding, total, images);
        return embedding;
    }

    TempDir dir;
    std::unique_ptr<drgan_test::GeneratedFaces> faces;
    cv::Ptr<cv::drgan::Gallery> gallery;
    drgan::enroll::Match match = [this](const cv::Mat& a, const cv::Mat& b) { return faces->encoder()->match(a, b); };
    std::vector<std::string> told;
};

bool same(const cv::Mat& a, const cv::Mat& b) {
    return a.size() == b.size() && a.type() == b.type() && a.total() > 0 && a.isContinuous() && b.isContinuous() &&
           std::memcmp(a.data, b.data, a.total() * a.elemSize()) == 0;
}

// The test that matters: bit for bit, as the picture comes out of the decoder, in several formats.
TEST_F(Enroll, GivesAPictureTheEmbeddingThatTheElementGivesIt) {
    cv::Mat grey;
    cv::cvtColor(faces->picture(3), grey, cv::COLOR_BGR2GRAY);
    cv::Mat transparent;
    cv::cvtColor(faces->picture(4)(cv::Rect(0, 0, 471, 359)), transparent, cv::COLOR_BGR2BGRA);
    const std::string files[] = {write("a.png", faces->picture(1)), write("b.jpg", faces->picture(2)),
                                 write("c.png", grey), write("d.png", transparent)};
    std::vector<Source> sources;
    for (const auto& file : files) {
        sources.push_back({std::filesystem::path(file).stem(), file});
    }
    enroll(sources);
    const std::string saved = dir.path() + "/people.gallery";
    gallery->save(saved);
    gallery = cv::drgan::Gallery::load(saved);
    EXPECT_THAT(gallery->names(), ElementsAre("a", "b", "c", "d"));
    for (const auto& s : sources) {
        const std::string decoded = "filesrc location=" + s.file + " ! decodebin ! videoconvert";
        const cv::Mat embedding = known(s.name);
        EXPECT_TRUE(same(played(decoded), embedding)) << s.file;
        // As a stream of a second; its first picture is the one that is encoded.
        EXPECT_TRUE(same(played(decoded + " ! imagefreeze num-buffers=25 ! video/x-raw,framerate=25/1"), embedding))
            << s.file;
        EXPECT_TRUE(same(played(decoded, "gallery=" + saved), embedding)) << "with the gallery: " << s.file;
    }
    EXPECT_FALSE(same(known("a"), known("b")));
}

TEST_F(Enroll, SaysOfEachFileWhatCameOfIt) {
    cv::Mat two(360, 640, CV_8UC3, cv::Scalar(150, 140, 120));
    faces->draw(two, 1, {20, 60}, 200);
    faces->draw(two, 2, {360, 60}, 200);
    cv::Mat behind(360, 640, CV_8UC3, cv::Scalar(150, 140, 120));
    faces->draw(behind, 1, {20, 60}, 240);
    faces->draw(behind, 2, {400, 60}, 120);
    const std::string text = dir.path() + "/notes.txt";
    std::ofstream(text) << "no picture";
    const std::string cut = dir.path() + "/cut.png";
    std::ofstream(cut, std::ios::binary) << "\x89PNG\r\n\x1a\n";
    const std::vector<Source> sources = {{"Ada", write("one.png", faces->picture(1))},
                                         {"Ada", write("none.png", cv::Mat(200, 200, CV_8UC3, cv::Scalar(9, 99, 9)))},
                                         {"Ada", write("two.png", two)},
                                         {"Ada", write("behind.png", behind)},
                                         {"Ada", text},
                                         {"Ada", cut},
                                         {"Ada", dir.path() + "/gone.png"},
                                         {"a\nb", write("ab.png", faces->picture(1))}};
    const auto outcomes = enroll(sources);
    ASSERT_EQ(outcomes.size(), sources.size());
    const struct {
        int images;
        const char* reason;
    } expected[] = {{1, ""},
                    {0, "no face"},
                    {0, "2 faces"},
                    {1, "the largest of 2 faces"},
                    {0, "cannot be decoded"},
                    {0, "cannot be decoded"},
                    {0, "cannot be decoded"},
                    {0, "control character"}};
    for (size_t i = 0; i < outcomes.size(); ++i) {
        EXPECT_EQ(outcomes[i].images, expected[i].images) << sources[i].file;
        EXPECT_THAT(outcomes[i].reason, HasSubstr(expected[i].reason)) << sources[i].file;
        EXPECT_EQ(told.at(i), sources[i].file);
    }
    EXPECT_THAT(gallery->names(), ElementsAre("Ada"));
    cv::Mat embedding;
    double total = 0;
    int images = 0;
    gallery->person("Ada", embedding, total, images);
    EXPECT_EQ(images, 2);
    EXPECT_DOUBLE_EQ(total, outcomes[0].totalConfidence + outcomes[3].totalConfidence);
}

TEST_F(Enroll, TellsOfAFileThatIsUnlikeTheOthers) {
    const std::vector<Source> sources = {{"Ada", write("1.png", faces->picture(1))},
                                         {"Ada", write("2.png", faces->picture(1))},
                                         {"Grace", write("3.png", faces->picture(2))}};
    auto outcomes = enroll(sources);
    EXPECT_GT(outcomes[0].likeness, 0.99);
    EXPECT_FALSE(outcomes[0].unlike);
    match = [](const cv::Mat&, const cv::Mat&) { return threshold - 0.01; };
    outcomes = enroll(sources);
    EXPECT_TRUE(outcomes[0].unlike);
    EXPECT_TRUE(outcomes[1].unlike);
    EXPECT_FALSE(outcomes[2].unlike) << "the only one";
}

TEST_F(Enroll, TakesThePersonOfAVideo) {
    const std::string picture = write("still.png", faces->picture(5));
    const std::string clip = dir.path() + "/clip.avi";
    const std::string line = "filesrc location=" + picture +
                             " ! pngdec ! imagefreeze num-buffers=100 ! video/x-raw,framerate=25/1 ! videoconvert ! "
                             "jpegenc quality=95 ! avimux ! filesink location=" +
                             clip;
    GstElement* pipeline = gst_parse_launch(line.c_str(), nullptr);
    GstBus* bus = gst_element_get_bus(pipeline);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    const drgan_test::Posted end(gst_bus_timed_pop_filtered(
        bus, GST_CLOCK_TIME_NONE, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
    ASSERT_EQ(GST_MESSAGE_TYPE(end.message), GST_MESSAGE_EOS);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(pipeline);
    const auto outcomes = enroll({{"Ada", clip}});
    EXPECT_EQ(outcomes[0].reason, "");
    EXPECT_GE(outcomes[0].images, 2) << "four seconds, refreshed every two";
    EXPECT_TRUE(same(known("Ada"), played("filesrc location=" + clip + " ! decodebin ! videoconvert")));
}

Track track(unsigned id, double angle, double total, cv::Size size = {50, 50}) {
    Track t;
    t.id = id;
    t.box = cv::Rect(cv::Point(), size);
    t.images = 1;
    t.totalConfidence = total;
    t.embedding = (cv::Mat_<float>(1, 2) << std::cos(angle), std::sin(angle));
    return t;
}

double cosine(const cv::Mat& a, const cv::Mat& b) { return a.dot(b); }

TEST(ChoosePicture, TakesAFaceThatIsTwiceAsLargeAsAnyOther) {
    using drgan::enroll::choosePicture;
    EXPECT_EQ(choosePicture({}).reason, "no face");
    EXPECT_EQ(choosePicture({track(1, 0, 1)}).tracks.size(), 1U);
    const auto large = choosePicture({track(1, 0, 1, {40, 50}), track(2, 0, 1, {80, 50}), track(3, 0, 1, {9, 9})});
    ASSERT_EQ(large.tracks.size(), 1U);
    EXPECT_EQ(large.tracks[0].id, 2U);
    EXPECT_THAT(large.reason, HasSubstr("3 faces"));
    const auto unclear = choosePicture({track(1, 0, 1, {41, 50}), track(2, 0, 1, {80, 50})});
    EXPECT_TRUE(unclear.tracks.empty());
    EXPECT_THAT(unclear.reason, HasSubstr("80x50"));
}

TEST(ChooseVideo, TakesTheTracksOfThePersonWhoIsSeenBest) {
    EXPECT_EQ(chooseVideo({}, cosine, threshold).reason, "no face");
    const auto one = chooseVideo({track(1, 0, 1), track(2, 0.5, 4), track(3, 1.0, 2)}, cosine, threshold);
    EXPECT_EQ(one.tracks.size(), 3U);
    EXPECT_EQ(one.reason, "");
    const auto passerBy = chooseVideo({track(1, 3, 2), track(2, 0, 4), track(3, 0.1, 3)}, cosine, threshold);
    ASSERT_EQ(passerBy.tracks.size(), 2U);
    EXPECT_EQ(passerBy.tracks[0].id, 2U);
    EXPECT_EQ(passerBy.tracks[1].id, 3U);
    EXPECT_THAT(passerBy.reason, HasSubstr("1 tracks of other faces"));
    const auto two = chooseVideo({track(1, 3, 2.1), track(2, 0, 4)}, cosine, threshold);
    EXPECT_TRUE(two.tracks.empty());
    EXPECT_THAT(two.reason, HasSubstr("whose video"));
}

TEST(FindSources, TakesAFolderPerPerson) {
    const TempDir dir;
    const auto touch = [&](const std::string& file) {
        std::filesystem::create_directories(std::filesystem::path(dir.path() + "/" + file).parent_path());
        std::ofstream(dir.path() + "/" + file) << "x";
    };
    for (const char* file : {"Ada/b.jpg", "Ada/a.jpg", "Ada/2019/c.jpg", "Ada/.thumbs/t.jpg", "Grace/.x", "Grace/d.mp4",
                             ".git/e.jpg", "stray.jpg"}) {
        touch(file);
    }
    const auto list = [&](const drgan::enroll::Sources& sources) {
        std::vector<std::string> out;
        for (const auto& s : sources.files) {
            out.push_back(s.name + "=" + s.file.substr(dir.path().size() + 1));
        }
        return out;
    };
    const auto people = drgan::enroll::findSources({dir.path()}, "");
    EXPECT_THAT(list(people), ElementsAre("Ada=Ada/2019/c.jpg", "Ada=Ada/a.jpg", "Ada=Ada/b.jpg", "Grace=Grace/d.mp4"));
    EXPECT_THAT(people.aside, ElementsAre(dir.path() + "/stray.jpg"));
    EXPECT_THAT(list(drgan::enroll::findSources({dir.path() + "/stray.jpg", dir.path() + "/Grace"}, "Eve")),
                ElementsAre("Eve=stray.jpg", "Eve=Grace/d.mp4"));
    EXPECT_THROW(drgan::enroll::findSources({dir.path() + "/nowhere"}, ""), std::runtime_error);
    EXPECT_THROW(drgan::enroll::findSources({dir.path() + "/stray.jpg"}, ""), std::runtime_error);
}

}  // namespace
