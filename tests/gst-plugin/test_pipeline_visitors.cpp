// SPDX-License-Identifier: Apache-2.0
//
// People without a name get a lasting id, and are recognised by it when they come again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/pipeline.hpp"
#include "scripted.hpp"
#include "tiny_onnx.hpp"

namespace {

using cv::drgan::Gallery;
using drgan::Event;
using drgan::Face;
using drgan::millisecond;
using drgan::Pipeline;
using drgan::Visitors;
using drgan_test::TempDir;
using testing::ElementsAre;
using testing::SizeIs;

struct Seen {
    int who;
    float x = 100;
};

class PipelineVisitors : public testing::Test {
protected:
    void SetUp() override {
        options.encodeInterval = 0;
        options.refreshInterval = 0;  // encode every sighting
        options.updateThreshold = 1000;
        options.frontals = false;
        make();
    }

    void make() {
        pipeline.reset();
        visitors.reset();
        visitors = std::make_unique<Visitors>(
            encoder, dir.path() + "/visitors.gallery", limits, [](const std::string& why) { FAIL() << why; },
            Visitors::Options());
        Pipeline::Models models;
        models.encoder = encoder;
        models.decoder = cv::drgan::Decoder::create(drgan_test::tinyDecoder());
        models.gallery = gallery;
        models.matchThreshold = 0.3F;
        models.thresholds = thresholds;
        pipeline = std::make_unique<Pipeline>(std::move(models), options);
        pipeline->setVisitors(visitors.get());
    }

    /// A frame with these people. @return what is known of each
    std::vector<drgan::TrackInfo> see(const std::vector<Seen>& people) {
        cv::Mat picture(240, 640, CV_8UC3, cv::Scalar::all(90));
        std::vector<Face> faces;
        for (const auto& p : people) {
            const cv::Rect place(cvRound(p.x) - 20, 60, 100, 100);
            drgan_test::drawPerson(p.who, place.size()).copyTo(picture(place));
            Face f;
            f.box = {p.x, 80, 60, 60};
            f.score = 1;
            f.externalSlot = static_cast<int>(faces.size());
            faces.push_back(f);
        }
        const auto result = pipeline->process({drgan::PixelLayout::bgr, {picture}, {}}, now, faces);
        now += 40 * millisecond;
        std::vector<drgan::TrackInfo> out(people.size());
        for (const auto& t : result.tracks) {
            if (t.slot >= 0) {
                out[static_cast<size_t>(t.slot)] = t;
            }
        }
        take(result.events);
        return out;
    }

    /// One person for some frames. @return the visitor's id in the last
    std::string visit(int who, int frames = 3) {
        std::string id;
        for (int i = 0; i < frames; ++i) {
            id = see({{who}})[0].visitor;
        }
        return id;
    }

    void take(const std::vector<Event>& all) {
        for (const auto& e : all) {
            const char* kinds[] = {"new ", "updated ", "lost "};
            events.push_back(kinds[static_cast<int>(e.kind)] + e.track.label + e.track.visitor);
        }
    }

    TempDir dir;
    cv::Ptr<drgan_test::ColourEncoder> encoder = cv::makePtr<drgan_test::ColourEncoder>();
    cv::Ptr<Gallery> gallery;
    cv::drgan::Thresholds thresholds;  // none: the match threshold decides
    Visitors::Limits limits;
    Pipeline::Options options;
    std::unique_ptr<Visitors> visitors;
    std::unique_ptr<Pipeline> pipeline;
    std::vector<std::string> events;
    drgan::Time now = 0;
};

TEST_F(PipelineVisitors, AreThoseWithAGoodTemplate) {
    EXPECT_EQ(visit(0, 2), "");
    const std::string id = visit(0, 1);
    EXPECT_NE(id, "");
    EXPECT_THAT(events, ElementsAre("new ", "updated ", "updated " + id));
    EXPECT_EQ(visit(0, 10), id);
    EXPECT_THAT(visitors->gallery().names(), ElementsAre(id));
    pipeline->finish();
    encoder->confidence = 0.2F;
    EXPECT_EQ(visit(1, 5), "") << "three pictures of fair confidence are worth 1.14";
    EXPECT_NE(visit(1, 1), "");
}

TEST_F(PipelineVisitors, AreRecognisedAtTheFirstPictureAndAfterARestart) {
    const std::string ann = visit(0, 5);
    take(pipeline->finish());
    EXPECT_EQ(events.back(), "lost " + ann);
    EXPECT_EQ(visit(0, 1), ann);
    pipeline->finish();
    const std::string bob = visit(1, 5);
    EXPECT_NE(bob, ann);
    pipeline->finish();
    make();
    EXPECT_EQ(visit(1, 1), bob);
    pipeline->finish();
    EXPECT_EQ(visit(0, 1), ann);
    EXPECT_THAT(visitors->gallery().names(), SizeIs(2));
}

TEST_F(PipelineVisitors, LearnAtTheEndOfAVisit) {
    const std::string ann = visit(0, 5);
    const auto images = [&] {
        cv::Mat embedding;
        double total = 0;
        int n = 0;
        visitors->gallery().person(ann, embedding, total, n);
        return n;
    };
    EXPECT_EQ(images(), 3);
    pipeline->finish();
    EXPECT_EQ(images(), 5) << "those of the whole visit, once";
    visit(0, 2);
    pipeline->finish();
    EXPECT_EQ(images(), 5) << "two pictures are too few to learn from";
    visit(0, 4);
    pipeline->finish();
    EXPECT_EQ(images(), 9);
}

TEST_F(PipelineVisitors, HaveNoIdWhereTheyHaveAName) {
    gallery = Gallery::createEmpty(8, "tiny");
    cv::Mat ada(1, 8, CV_32F, cv::Scalar(0));
    ada.at<float>(0) = 1;
    gallery->add("Ada", ada, 1);
    make();
    for (int i = 0; i < 5; ++i) {
        const auto track = see({{0}})[0];
        EXPECT_EQ(track.label, "Ada");
        EXPECT_EQ(track.visitor, "");
    }
    pipeline->finish();
    EXPECT_EQ(visitors->gallery().size(), 0);
    const std::string eve = visit(1, 5);
    EXPECT_NE(eve, "") << "the gallery has others";
    pipeline->setGallery({});
    EXPECT_EQ(see({{1}})[0].visitor, eve);
}

TEST_F(PipelineVisitors, LoseTheirIdWhenTheyGetAName) {
    gallery = Gallery::createEmpty(8, "tiny");
    make();
    const std::string ann = visit(0, 5);
    ASSERT_NE(ann, "");
    cv::Mat embedding;
    pipeline->fused(1)->fused(embedding);
    gallery->addFused("Ann", embedding, 1, 3);
    pipeline->setGallery(gallery);
    events.clear();
    auto track = see({{0}})[0];
    EXPECT_EQ(track.label, "Ann");
    EXPECT_EQ(track.visitor, "");
    EXPECT_THAT(events, ElementsAre("updated Ann"));
    EXPECT_EQ(visitors->gallery().size(), 1) << "whether the gallery keeps the name is not known";
    pipeline->forgetVisitorOf(1);  // as enrolment does
    EXPECT_EQ(visitors->gallery().size(), 0);
    pipeline->setGallery({});
    EXPECT_EQ(visit(0, 5), "") << "a track becomes one visitor at most";
}

TEST_F(PipelineVisitors, AreAtOnePlaceOnly) {
    const std::string ann = visit(0, 5);
    const auto tracks = see({{0, 100}, {0, 400}});
    EXPECT_EQ(tracks[0].visitor, ann);
    EXPECT_EQ(tracks[1].visitor, "");
    for (int i = 0; i < 5; ++i) {
        std::multiset<std::string> ids;
        for (const auto& t : see({{0, 100}, {0, 400}})) {
            ids.insert(t.visitor);
        }
        EXPECT_THAT(ids, ElementsAre("", ann));
    }
    EXPECT_EQ(visitors->gallery().size(), 1);
    std::vector<Event> last;
    pipeline->forget(2, last);
    EXPECT_EQ(visitors->gallery().size(), 1) << "the id is the other track's";
}

TEST_F(PipelineVisitors, HaveNoIdWhileItIsNotKnownWhoTheyAre) {
    const std::string ann = visit(0, 5);
    EXPECT_EQ(visit(-1, 8), "") << "something covers the face";
    EXPECT_EQ(visit(0, 2), ann);
    EXPECT_EQ(visitors->gallery().size(), 1);
}

TEST_F(PipelineVisitors, AreOthersWhenAnotherPersonTakesTheirSeat) {
    const std::string ann = visit(0, 5);
    const std::string bob = visit(1, 5);
    EXPECT_NE(bob, "");
    EXPECT_NE(bob, ann);
    pipeline->finish();
    cv::Mat embedding;
    double total = 0;
    int images = 0;
    visitors->gallery().person(ann, embedding, total, images);
    EXPECT_EQ(embedding.at<float>(1), 0) << "none of Bob's pictures";
    visitors->gallery().person(bob, embedding, total, images);
    EXPECT_EQ(embedding.at<float>(0), 0);
}

TEST_F(PipelineVisitors, GoByTheStrangerRate) {
    // Of the strangers, one in two reaches 0 and one in 20,000 reaches 0.9.
    thresholds.rates = {0.5, 0.00005};
    thresholds.cosines = {0, 0.9F};
    make();
    encoder->spread = 0;
    const std::string ann = visit(0, 5);
    pipeline->finish();
    // The fused embeddings of ann and of the others have a cosine of 0.8.
    cv::Mat ada(1, 8, CV_32F, cv::Scalar(0));
    ada.at<float>(0) = 0.8F;
    ada.at<float>(1) = 0.6F;
    visitors->forget(ann);
    cv::drgan::Template alike;
    alike.add(ada, 1);
    const std::string other = visitors->add(alike);
    options.strangerRate = 0.0001;  // one identification: one in 20,000
    pipeline->setOptions(options);
    EXPECT_EQ(visit(0, 1), "");
    pipeline->finish();
    options.strangerRate = 0.1;
    pipeline->setOptions(options);
    EXPECT_EQ(visit(0, 1), other);
}

TEST_F(PipelineVisitors, AreTheMoreAlikeOneWhereOnePersonHasBecomeTwo) {
    encoder->spread = 0;
    cv::Mat e(1, 8, CV_32F, cv::Scalar(0));
    std::vector<std::string> ids;
    for (const float off : {0.2F, 0.25F}) {
        e.at<float>(0) = 1;
        e.at<float>(1) = off;
        cv::drgan::Template t;
        t.add(e, 1);
        ids.push_back(visitors->add(t));
    }
    EXPECT_EQ(visit(0, 1), ids[0]);
}

TEST_F(PipelineVisitors, AreForgottenWithTheirTracks) {
    const std::string ann = visit(0, 5);
    pipeline->finish();
    const std::string bob = visit(1, 5);
    pipeline->finish();
    events.clear();
    EXPECT_EQ(visit(0, 1), ann);
    std::vector<Event> last;
    EXPECT_EQ(pipeline->forget(-1, last), 1U);
    take(last);
    EXPECT_EQ(events.back(), "lost ");
    EXPECT_THAT(visitors->gallery().names(), ElementsAre(bob)) << "who is not in the picture";
    EXPECT_EQ(visit(0, 2), "") << "nothing is left of the earlier pictures";
    const std::string again = visit(0, 1);
    EXPECT_NE(again, "");
    EXPECT_NE(again, ann);
}

TEST_F(PipelineVisitors, AreForgottenByTheirId) {
    const std::string ann = visit(0, 5);
    std::vector<Event> last;
    EXPECT_FALSE(pipeline->forgetVisitor("visitor-", last));
    EXPECT_FALSE(pipeline->forgetVisitor("", last));
    EXPECT_THAT(last, SizeIs(0));
    EXPECT_TRUE(pipeline->forgetVisitor(ann, last));
    EXPECT_THAT(last, SizeIs(1)) << "the track knows who it was, too";
    EXPECT_EQ(visitors->gallery().size(), 0);
    EXPECT_EQ(visit(0, 2), "");
    EXPECT_NE(visit(0, 1), ann);
    pipeline->setVisitors(nullptr);
    EXPECT_FALSE(pipeline->forgetVisitor(ann, last));
}

TEST_F(PipelineVisitors, AreDroppedOnceWhereTheLimitIsTooSmallForThePicture) {
    limits.most = 1;
    make();
    std::set<std::string> ids;
    for (int i = 0; i < 20; ++i) {
        for (const auto& t : see({{0, 100}, {1, 400}})) {
            ids.insert(t.visitor);
        }
    }
    ids.erase("");
    EXPECT_LE(ids.size(), 2U);
    EXPECT_EQ(visitors->gallery().size(), 1);
}

TEST_F(PipelineVisitors, AreNobodyWithoutAFile) {
    pipeline->setVisitors(nullptr);
    EXPECT_EQ(visit(0, 10), "");
    EXPECT_THAT(events, ElementsAre("new ", "updated "));
}

}  // namespace
