// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include "core/pipeline.hpp"
#include "pictures.hpp"
#include "scripted.hpp"
#include "tiny_onnx.hpp"

namespace {

using drgan::Event;
using drgan::Face;
using drgan::FrameView;
using drgan::millisecond;
using drgan::Pipeline;

using drgan_test::ScriptedFinder;

class PipelineTest : public testing::Test {
protected:
    void SetUp() override {
        Pipeline::Models models;
        models.encoder = cv::drgan::Encoder::create(drgan_test::tinyEncoder());
        models.decoder = cv::drgan::Decoder::create(drgan_test::tinyDecoder(), models.encoder);
        models.matchThreshold = threshold;
        finder = cv::makePtr<ScriptedFinder>();
        models.finder = finder;
        pipeline = std::make_unique<Pipeline>(std::move(models), options);
    }

    static Face face(float x, float y, float side = 80) {
        Face f;
        f.box = {x, y, side, side};
        f.score = 0.9F;
        return f;
    }

    Pipeline::Result step(const std::vector<Face>& upstream = {}, bool mayInfer = true) {
        const FrameView view(drgan::PixelLayout::bgr, {picture}, {});
        auto result = pipeline->process(view, frame++ * 40 * millisecond, upstream, mayInfer);
        events.insert(events.end(), result.events.begin(), result.events.end());
        return result;
    }

    int count(Event::Kind kind) const {
        return static_cast<int>(
            std::count_if(events.begin(), events.end(), [&](const Event& e) { return e.kind == kind; }));
    }

    float threshold = 0.4F;
    Pipeline::Options options;
    cv::Ptr<ScriptedFinder> finder;
    std::unique_ptr<Pipeline> pipeline;
    cv::Mat picture = drgan_test::noisePicture({320, 240}, CV_8UC3, 1);
    std::vector<Event> events;
    int frame = 0;
};

TEST_F(PipelineTest, LooksEveryKthFrameAndSoonerWhenAFaceIsMissed) {
    finder->faces = {face(100, 80)};
    for (int i = 0; i < 21; ++i) {
        step();
    }
    EXPECT_EQ(finder->calls, 5);  // frames 0, 5, 10, 15, 20
    finder->faces.clear();
    for (int i = 0; i < 5; ++i) {
        step();
    }
    EXPECT_EQ(finder->calls, 6);  // frame 25: missed
    step();
    step();
    EXPECT_EQ(finder->calls, 8);  // on every frame after a miss
}

TEST_F(PipelineTest, LooksAtAPictureOfBoundedSizeAndGivesFacesInFramePixels) {
    picture = drgan_test::noisePicture({1280, 720}, CV_8UC3, 1);
    finder->faces = {face(100, 80, 40)};
    options.detectSize = 320;
    pipeline->setOptions(options);
    const auto result = step();
    EXPECT_EQ(finder->seen, cv::Size(320, 180));
    ASSERT_EQ(result.tracks.size(), 1U);
    EXPECT_FLOAT_EQ(result.tracks[0].box.x, 400);
    EXPECT_FLOAT_EQ(result.tracks[0].box.width, 160);
    options.detectSize = 4096;  // never enlarged
    options.detectInterval = 1;
    pipeline->setOptions(options);
    step();
    EXPECT_EQ(finder->seen, cv::Size(1280, 720));
}

TEST_F(PipelineTest, UpstreamFacesSwitchTheDetectorOff) {
    step({face(100, 80)});
    for (int i = 0; i < 10; ++i) {
        step();  // frames between those with upstream's faces
    }
    EXPECT_EQ(finder->calls, 0);
    EXPECT_EQ(count(Event::Kind::created), 1);
}

TEST_F(PipelineTest, DrawsThePersonsFusedAppearance) {
    drgan_test::TinyOptions tiny;
    tiny.withAppearance = true;
    Pipeline::Models models;
    models.encoder = cv::drgan::Encoder::create(drgan_test::tinyEncoder(tiny));
    models.decoder = cv::drgan::Decoder::create(drgan_test::tinyDecoder(tiny), models.encoder);
    models.matchThreshold = -1;  // whatever the pictures are, they are of one person
    const auto encoder = models.encoder->clone();
    const auto decoder = models.decoder->clone();
    options.encodeInterval = options.refreshInterval = 0;
    options.updateThreshold = 0;
    pipeline = std::make_unique<Pipeline>(std::move(models), options);
    drgan::TrackInfo seen;
    cv::Mat first, appearances;
    for (const double light : {1.0, 0.5}) {
        cv::Mat(drgan_test::noisePicture({320, 240}, CV_8UC3, 1) * light).copyTo(picture);
        seen = step({face(100, 80)}).tracks.at(0);
        first = first.empty() ? seen.frontal.clone() : first;
        cv::Mat appearance;
        encoder->appearance(seen.crop, appearance);
        appearances.push_back(appearance);
    }
    ASSERT_EQ(seen.images, 2);
    EXPECT_GT(cv::norm(first, seen.frontal, cv::NORM_INF), 0);
    // Between the two looks, not the mean one.
    cv::Mat view;
    double nearest = 1e9;
    for (float share = 0; share <= 1; share += 0.01F) {
        decoder->frontalize(seen.embedding, view, appearances.row(0) * share + appearances.row(1) * (1 - share));
        nearest = std::min(nearest, cv::norm(view, seen.frontal, cv::NORM_INF));
    }
    EXPECT_LE(nearest, 1);
    decoder->frontalize(seen.embedding, view);
    EXPECT_GT(cv::norm(view, seen.frontal, cv::NORM_INF), 1);
}

TEST_F(PipelineTest, FusesByConfidenceAndReportsGrowth) {
    options.encodeInterval = 0;
    options.refreshInterval = 0;  // encode every sighting
    options.updateThreshold = 1.5;
    pipeline->setOptions(options);
    double total = 0;
    drgan::TrackInfo last;
    for (int i = 0; i < 12; ++i) {
        picture = drgan_test::noisePicture({320, 240}, CV_8UC3, static_cast<unsigned>(i));
        last = step({face(100, 80)}).tracks.at(0);
        total += last.confidence;
    }
    EXPECT_EQ(last.images, 12);
    EXPECT_NEAR(last.totalConfidence, total, 1e-5);
    EXPECT_EQ(last.embedding.size(), cv::Size(8, 1));
    EXPECT_EQ(last.frontal.size(), cv::Size(16, 16));
    double reported = -10;
    for (const auto& e : events) {
        if (e.kind == Event::Kind::updated && e.track.images > 1) {
            EXPECT_GE(e.track.totalConfidence - reported, 1.5);
        }
        reported = e.track.totalConfidence;
    }
    EXPECT_GE(count(Event::Kind::updated), 2);
}

TEST_F(PipelineTest, EveryCreatedTrackIsLostOnce) {
    finder->faces = {face(20, 20), face(200, 100)};
    for (int i = 0; i < 10; ++i) {
        step();
    }
    EXPECT_EQ(count(Event::Kind::created), 2);
    EXPECT_EQ(count(Event::Kind::lost), 0);
    const auto ended = pipeline->finish();
    ASSERT_EQ(ended.size(), 2U);
    for (const auto& e : ended) {
        EXPECT_EQ(e.kind, Event::Kind::lost);
        EXPECT_GE(e.track.images, 1);
        EXPECT_FALSE(e.track.embedding.empty());
    }
    EXPECT_TRUE(pipeline->finish().empty());
    step();
    EXPECT_EQ(events.back().track.id, 4);  // ids continue
}

TEST_F(PipelineTest, AFaceThatComesBackIsRecognisedByItsEmbedding) {
    options.trackTimeout = 2000 * millisecond;
    pipeline->setOptions(options);
    const cv::Mat person = picture(cv::Rect(90, 70, 110, 110)).clone();
    finder->faces = {face(100, 80)};
    for (int i = 0; i < 6; ++i) {
        step();
    }
    finder->faces.clear();
    for (int i = 0; i < 25; ++i) {
        step();
    }
    ASSERT_TRUE(step().tracks.empty());
    person.copyTo(picture(cv::Rect(200, 120, 110, 110)));
    finder->faces = {face(210, 130)};
    drgan::TrackInfo back;
    for (int i = 0; i < 6; ++i) {
        const auto result = step();
        if (!result.tracks.empty()) {
            back = result.tracks[0];
        }
    }
    EXPECT_EQ(back.id, 1);
    EXPECT_GE(back.images, 2);
    EXPECT_EQ(count(Event::Kind::created), 1);
    EXPECT_EQ(count(Event::Kind::lost), 0);
}

class StrictPipelineTest : public PipelineTest {
protected:
    StrictPipelineTest() { threshold = 1.1F; }  // no two embeddings match
};

TEST_F(StrictPipelineTest, AnotherFaceGetsAnotherId) {
    finder->faces = {face(20, 20)};
    for (int i = 0; i < 6; ++i) {
        step();
    }
    finder->faces.clear();
    for (int i = 0; i < 20; ++i) {
        step();
    }
    finder->faces = {face(200, 120)};
    for (int i = 0; i < 6; ++i) {
        step();
    }
    EXPECT_EQ(count(Event::Kind::created), 2);
}

TEST_F(PipelineTest, WithoutTimeForNetworksTracksMoveOn) {
    finder->faces = {face(100, 80)};
    step();
    const int looks = finder->calls;
    for (int i = 0; i < 8; ++i) {
        EXPECT_EQ(step({}, false).tracks.size(), 1U);
    }
    EXPECT_EQ(finder->calls, looks);
}

TEST_F(PipelineTest, DrawsAtTheAskedYawAndAgainWhenItChanges) {
    const auto front = step({face(100, 80)}).tracks.at(0).frontal.clone();
    options.yaw = 90;
    pipeline->setOptions(options);
    const auto side = step({face(100, 80)}).tracks.at(0).frontal;
    EXPECT_GT(cv::norm(front, side, cv::NORM_INF), 0);
}

TEST_F(PipelineTest, KeepsTheLargestFacesWhereThereAreTooMany) {
    options.maxFaces = 2;
    pipeline->setOptions(options);
    const auto result = step({face(10, 10, 30), face(100, 10, 60), face(200, 100, 50), face(10, 100, 40)});
    std::vector<float> sides;
    for (const auto& t : result.tracks) {
        sides.push_back(t.box.width);
    }
    EXPECT_THAT(sides, testing::UnorderedElementsAre(60, 50));
}

TEST_F(PipelineTest, EmbeddingIsTheSameWhateverTheLayout) {
    // A smooth picture, of which chroma at half resolution loses nothing that the encoder needs.
    const auto drawn = drgan_test::drawFace({320, 240}, {150, 120}, 90);
    picture = drawn.picture;
    const std::vector<Face> faces = {face(110, 70, 90)};
    const cv::Mat reference = step(faces).tracks.at(0).embedding;
    cv::Mat packed[3];
    cv::cvtColor(picture, packed[0], cv::COLOR_BGR2BGRA);
    cv::cvtColor(picture, packed[1], cv::COLOR_BGR2RGB);
    cv::cvtColor(picture, packed[2], cv::COLOR_BGR2RGBA);
    const drgan::PixelLayout layouts[] = {drgan::PixelLayout::bgrx, drgan::PixelLayout::rgb, drgan::PixelLayout::rgbx};
    for (int i = 0; i < 3; ++i) {
        pipeline->finish();
        const FrameView view(layouts[i], {packed[i]}, {});
        const auto result = pipeline->process(view, frame++ * 40 * millisecond, faces);
        EXPECT_LE(cv::norm(result.tracks.at(0).embedding, reference, cv::NORM_L2 | cv::NORM_RELATIVE), 1e-5) << i;
    }
    cv::Mat yuv;
    cv::cvtColor(picture, yuv, cv::COLOR_BGR2YUV_I420);
    const std::array<cv::Mat, 3> planes = {yuv.rowRange(0, 240), cv::Mat(120, 160, CV_8UC1, yuv.ptr(240)),
                                           cv::Mat(120, 160, CV_8UC1, yuv.ptr(240) + 120 * 160)};
    pipeline->finish();
    const FrameView view(drgan::PixelLayout::i420, planes, drgan::YuvConversion::create(0.299, 0.114, true));
    const auto result = pipeline->process(view, frame++ * 40 * millisecond, faces);
    EXPECT_LE(cv::norm(result.tracks.at(0).embedding, reference, cv::NORM_L2 | cv::NORM_RELATIVE), 0.05);
}

}  // namespace
