// SPDX-License-Identifier: Apache-2.0
//
// drgan-enroll's parts: a picture has the same embedding in the gallery as in the element, and the right person.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>

#include "choose.hpp"
#include "element_fixture.hpp"
#include "enroll.hpp"
#include "generated_faces.hpp"
#include "made_files.hpp"
#include "media.hpp"
#include "unlike_faces.hpp"

namespace {

using drgan::enroll::chooseTracks;
using drgan::enroll::Track;
using drgan::enrolment::Source;
using drgan_test::TempDir;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr double threshold = 0.3;

/// The embedding that drganfrontalize has at the end of a pipeline; empty unless there was exactly one face.
cv::Mat decodedForElement(const std::string& before, const std::string& properties = {}) {
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
        drgan::enrolment::StillFaces stills({}, {});
        const drgan::enroll::Embedders embedders{stills, element, match, threshold, 2 * GST_SECOND};
        const auto results =
            drgan::enroll::embedFiles(files, embedders, [&](size_t, const Source& s) { told.push_back(s.file); });
        EXPECT_FALSE(element.hasMessages());
        return drgan::enroll::add(results, *gallery, embedders, {keepUnlike, true});
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
    bool keepUnlike = false;
    drgan::enrolment::Match match = [this](const cv::Mat& a, const cv::Mat& b) {
        return faces->encoder()->match(a, b);
    };
    std::vector<std::string> told;
};

bool same(const cv::Mat& a, const cv::Mat& b) {
    return a.size() == b.size() && a.type() == b.type() && a.total() > 0 && a.isContinuous() && b.isContinuous() &&
           std::memcmp(a.data, b.data, a.total() * a.elemSize()) == 0;
}

// The most important test: equal bit for bit on the picture as decoded, in several formats.
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
        EXPECT_TRUE(same(decodedForElement(decoded), embedding)) << s.file;
        // As a stream of one second, of which the first picture is encoded.
        EXPECT_TRUE(
            same(decodedForElement(decoded + " ! imagefreeze num-buffers=25 ! video/x-raw,framerate=25/1"), embedding))
            << s.file;
        EXPECT_TRUE(same(decodedForElement(decoded, "gallery=" + saved), embedding)) << "with the gallery: " << s.file;
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
                    {0, "is cut off"},
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

TEST_F(Enroll, LeavesOutAFileThatIsUnlikeTheOthers) {
    const drgan_test::UnlikeFaces people(drgan_test::trainedBundle());
    const std::vector<Source> sources = {
        {"Ada", write("1.png", people.picture(1))}, {"Ada", write("2.png", people.picture(1, 15))},
        {"Ada", write("3.png", people.picture(2))}, {"Grace", write("4.png", people.picture(2))},
        {"Eve", write("5.png", people.picture(3))}, {"Eve", write("6.png", people.picture(4))}};
    const auto outcomes = enroll(sources);
    EXPECT_GT(outcomes[0].likeness, threshold);
    EXPECT_FALSE(outcomes[0].unlike);
    EXPECT_EQ(outcomes[2].images, 0);
    EXPECT_THAT(outcomes[2].reason, HasSubstr("unlike the other files of Ada"));
    EXPECT_EQ(outcomes[3].images, 1);
    EXPECT_FALSE(outcomes[3].unlike) << "the only file";
    EXPECT_THAT(outcomes[4].reason, HasSubstr("the 2 files of Eve do not fit together"));
    EXPECT_THAT(gallery->names(), ElementsAre("Ada", "Grace"));
    keepUnlike = true;
    gallery = cv::drgan::Gallery::create(faces->encoder());
    const auto kept = enroll(sources);
    EXPECT_EQ(kept[2].images, 1);
    EXPECT_TRUE(kept[2].unlike);
    EXPECT_THAT(gallery->names(), ElementsAre("Ada", "Eve", "Grace"));
}

// The embedding is that of a pipeline that turns the picture upright.
TEST_F(Enroll, TurnsStillsThatLieOnTheirSide) {
    cv::Mat lying;
    cv::rotate(faces->picture(1), lying, cv::ROTATE_90_COUNTERCLOCKWISE);
    const std::string upright = write("upright.png", faces->picture(1)), side = write("side.png", lying);
    const auto outcomes = enroll({{"Upright", upright}, {"Side", side}});
    EXPECT_EQ(outcomes[0].reason, "");
    EXPECT_THAT(outcomes[1].reason, HasSubstr("turned by 90 degrees"));
    EXPECT_TRUE(same(known("Side"), known("Upright")));
    EXPECT_TRUE(same(known("Side"), decodedForElement("filesrc location=" + side +
                                                      " ! decodebin ! videoconvert ! videoflip video-direction=90r")));
}

// Of pictures that GStreamer does not decode, or decodes to something else, the element gets what OpenCV reads.
TEST_F(Enroll, TakesPicturesThatGStreamerDoesNotRead) {
    cv::Mat deep;
    faces->picture(1).convertTo(deep, CV_16U, 257);
    const std::string plain = write("plain.png", faces->picture(1));
    const std::string exifPng = dir.path() + "/exif.png";
    cv::Mat lying;
    cv::rotate(faces->picture(1), lying, cv::ROTATE_90_COUNTERCLOCKWISE);
    drgan_test::save(exifPng, drgan_test::pngWithExif(lying, drgan_test::exif(6, true)));
    const std::vector<Source> sources = {{"plain", plain},
                                         {"a", write("deep.png", deep)},
                                         {"b", write("a.tif", faces->picture(1))},
                                         {"c", write("deep.tif", deep)},
                                         {"d", write("a.bmp", faces->picture(1))},
                                         {"e", write("a.ppm", faces->picture(1))},
                                         {"f", write("a.jp2", faces->picture(1))},
                                         {"g", exifPng}};
    for (const auto& outcome : enroll(sources)) {
        EXPECT_EQ(outcome.images, 1) << outcome.source.file << ": " << outcome.reason;
        EXPECT_EQ(outcome.reason, "") << outcome.source.file;
        EXPECT_GT(match(known("plain"), known(outcome.source.name)), 0.99) << outcome.source.file;
    }
}

TEST_F(Enroll, NoFileStopsTheOthers) {
    const std::string gif = dir.path() + "/a.gif", film = dir.path() + "/film.mp4", sound = dir.path() + "/a.wav";
    drgan_test::save(gif, drgan_test::gif());
    std::ofstream(film, std::ios::binary) << std::string(
        "\0\0\0\x18"
        "ftypmp42\0\0\0\0mp42isom",
        24);
    std::ofstream(sound, std::ios::binary)
        << std::string("RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\x08\0\0\0", 44)
        << std::string(8, '\0');
    const auto outcomes =
        enroll({{"Ada", gif}, {"Ada", film}, {"Ada", sound}, {"Ada", write("a.png", faces->picture(1))}});
    EXPECT_THAT(outcomes[0].reason, HasSubstr("is a GIF"));
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(outcomes[i].images, 0);
        EXPECT_NE(outcomes[i].reason, "");
    }
    EXPECT_EQ(outcomes[3].images, 1) << outcomes[3].reason;
}

// A pipe that nobody writes to is the worst source: reading it cannot even be interrupted.
TEST_F(Enroll, ASourceThatGivesNothingIsGivenUp) {
    const std::string pipe = dir.path() + "/pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const int writer = ::open(pipe.c_str(), O_RDWR);
    ASSERT_GE(writer, 0);
    drgan::enroll::FaceElement element({}, {});
    const auto begin = std::chrono::steady_clock::now();
    std::string reason;
    try {
        drgan::enroll::Media media(pipe, element.formats(), "auto", GST_SECOND);
        media.next();
    } catch (const std::runtime_error& error) {
        reason = error.what();
    }
    EXPECT_THAT(reason, HasSubstr("no picture and no end of the file within 1 seconds"));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
    EXPECT_EQ(::write(writer, "end", 3), 3);  // ends the thread that reads the pipe
    ::close(writer);
}

TEST_F(Enroll, ReadsItsBusWhileAVideoPlays) {
    drgan::enroll::FaceElement element({}, {});
    for (int i = 0; i < 60; ++i) {
        cv::Mat frame(360, 640, CV_8UC3, cv::Scalar(150, 140, 120));
        faces->draw(frame, 1, {60 + 2 * i, 60}, 240);
        element.show(frame, static_cast<GstClockTime>(i) * 40 * GST_MSECOND);
        ASSERT_FALSE(element.hasMessages()) << i;
    }
    EXPECT_EQ(element.finish().size(), 1U);
}

/// Writes a video of 25 frames a second. @param pictures with seconds @param form elements from raw frames to the file
std::string writeClip(const std::string& file, const std::vector<std::pair<cv::Mat, double>>& pictures,
                      const std::string& form = "jpegenc quality=95 ! avimux") {
    const TempDir frames;
    int n = 0;
    for (const auto& [picture, seconds] : pictures) {
        const auto bytes = drgan_test::encoded(picture, ".png");
        for (int i = 0; i < cvRound(25 * seconds); ++i) {
            drgan_test::save(cv::format("%s/%05d.png", frames.path().c_str(), n++), bytes);
        }
    }
    const std::string line = "multifilesrc location=" + frames.path() +
                             "/%05d.png caps=\"image/png,framerate=25/1\" ! pngdec ! videoconvert ! " + form +
                             " ! filesink location=" + file;
    GstElement* pipeline = gst_parse_launch(line.c_str(), nullptr);
    GstBus* bus = gst_element_get_bus(pipeline);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    const drgan_test::Posted end(gst_bus_timed_pop_filtered(
        bus, GST_CLOCK_TIME_NONE, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
    EXPECT_EQ(GST_MESSAGE_TYPE(end.message), GST_MESSAGE_EOS);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(pipeline);
    return file;
}

TEST_F(Enroll, TakesThePersonOfAVideo) {
    const std::string clip = writeClip(dir.path() + "/clip.avi", {{faces->picture(5), 4}});
    const auto outcomes = enroll({{"Ada", clip}});
    EXPECT_EQ(outcomes[0].reason, "");
    EXPECT_GE(outcomes[0].images, 2) << "four seconds, refreshed every two";
    EXPECT_TRUE(same(known("Ada"), decodedForElement("filesrc location=" + clip + " ! decodebin ! videoconvert")));
}

// Half as wide, with pixels twice as wide as high, as in anamorphic videos.
TEST_F(Enroll, TakesAVideoWhosePixelsAreNotSquare) {
    const std::vector<std::pair<cv::Mat, double>> pictures = {{faces->picture(5), 1}};
    const std::string narrow = std::to_string(faces->picture(5).cols / 2);
    const auto outcomes =
        enroll({{"square", writeClip(dir.path() + "/square.avi", pictures)},
                {"wide", writeClip(dir.path() + "/wide.mkv", pictures,
                                   "videoscale ! video/x-raw,width=" + narrow +
                                       ",pixel-aspect-ratio=2/1 ! jpegenc quality=95 ! matroskamux")}});
    ASSERT_EQ(outcomes[0].reason, "");
    ASSERT_EQ(outcomes[1].reason, "");
    EXPECT_GT(match(known("square"), known("wide")), 0.9);
}

TEST_F(Enroll, AVideoOfSeveralPeopleIsNobodys) {
    const drgan_test::UnlikeFaces people(drgan_test::trainedBundle());
    const cv::Mat nobody = people.ground();
    const auto at = [&](int person, int x, const cv::Mat& on = {}) {
        cv::Mat out = on.empty() ? nobody.clone() : on;
        people.draw(out, person, {x, 60}, 220);
        return out;
    };
    const std::vector<Source> sources = {
        {"Ada", writeClip(dir.path() + "/both.avi", {{at(2, 400, at(1, 20)), 3}})},
        {"Bea", writeClip(dir.path() + "/cut.avi", {{at(1, 20), 3}, {at(2, 400), 1}})},
        {"Cleo", writeClip(dir.path() + "/five.avi",
                           {{at(1, 20), 1}, {at(2, 400), 1}, {at(3, 20), 1}, {at(4, 400), 1}, {at(5, 20), 1}})},
        {"Dora", writeClip(dir.path() + "/hidden.avi", {{at(1, 20), 2}, {nobody, 2}, {at(1, 400), 2}})},
        {"Eve", writeClip(dir.path() + "/place.avi", {{at(1, 20), 2}, {at(2, 20), 2}})}};
    const auto outcomes = enroll(sources);
    for (const int i : {0, 1, 2, 4}) {
        EXPECT_EQ(outcomes[i].images, 0) << sources[i].file;
        EXPECT_THAT(outcomes[i].reason, HasSubstr("faces of several people")) << sources[i].file;
    }
    EXPECT_EQ(outcomes[3].reason, "") << "two tracks of one person";
    EXPECT_GE(outcomes[3].images, 2);
    EXPECT_THAT(gallery->names(), ElementsAre("Dora"));
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

TEST(ChooseVideo, TakesTheTracksOfThePersonWhoIsSeenBest) {
    EXPECT_EQ(chooseTracks({}, cosine, threshold).reason, "no face found");
    const auto one = chooseTracks({track(1, 0, 1), track(2, 0.5, 4), track(3, 1.0, 2)}, cosine, threshold);
    EXPECT_EQ(one.tracks.size(), 3U);
    EXPECT_EQ(one.reason, "");
    const auto passerBy = chooseTracks({track(1, 3, 1), track(2, 0, 4), track(3, 0.1, 3)}, cosine, threshold);
    ASSERT_EQ(passerBy.tracks.size(), 2U);
    EXPECT_EQ(passerBy.tracks[0].id, 2U);
    EXPECT_EQ(passerBy.tracks[1].id, 3U);
    EXPECT_THAT(passerBy.reason, HasSubstr("1 tracks of other faces"));
    const auto two = chooseTracks({track(1, 3, 1), track(2, 0, 4)}, cosine, threshold);
    EXPECT_TRUE(two.tracks.empty());
    EXPECT_THAT(two.reason, HasSubstr("faces of several people"));
    const auto many = chooseTracks({track(1, 3, 0.5), track(2, 0, 5), track(3, 2, 0.6)}, cosine, threshold);
    EXPECT_TRUE(many.tracks.empty()) << "two people pass by, together more than a fifth";
}

}  // namespace
