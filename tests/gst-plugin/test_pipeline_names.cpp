// SPDX-License-Identifier: Apache-2.0
//
// Which person of the gallery a track is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "core/pipeline.hpp"
#include "pictures.hpp"
#include "scripted.hpp"
#include "tiny_onnx.hpp"

namespace {

using drgan::Event;
using drgan::Face;
using drgan::Identity;
using drgan::millisecond;
using drgan::Pipeline;
using testing::ElementsAre;
using testing::IsEmpty;

/// A unit vector at this angle to the first axis.
cv::Mat at(double degrees) {
    cv::Mat e(1, 8, CV_32F, cv::Scalar(0));
    e.at<float>(0) = static_cast<float>(std::cos(degrees * CV_PI / 180));
    e.at<float>(1) = static_cast<float>(std::sin(degrees * CV_PI / 180));
    return e;
}

double cosine(double degrees) { return std::cos(degrees * CV_PI / 180); }

class Names : public testing::Test {
protected:
    void SetUp() override {
        options.encodeInterval = 0;
        options.refreshInterval = 0;  // encode every sighting
        options.updateThreshold = 1000;
        options.frontals = false;
        make(gallery);
    }

    /// @param samePerson the bundle's threshold, which also decides what may be fused into one track
    void make(const cv::Ptr<cv::drgan::Gallery>& people, double samePerson = cosine(40)) {
        Pipeline::Models models;
        models.encoder = encoder;
        models.decoder = cv::drgan::Decoder::create(drgan_test::tinyDecoder());
        models.gallery = people;
        models.matchThreshold = static_cast<float>(samePerson);
        models.thresholds = thresholds;
        pipeline = std::make_unique<Pipeline>(std::move(models), options);
    }

    drgan::TrackInfo see(double degrees) {
        encoder->embedding = at(degrees);
        Face face;
        face.box = {100, 80, 80, 80};
        face.score = 1;
        return step({face}).tracks.at(0);
    }

    Pipeline::Result step(const std::vector<Face>& faces) {
        const drgan::FrameView view(drgan::PixelLayout::bgr, {picture}, {});
        auto result = pipeline->process(view, frame++ * 40 * millisecond, faces);
        take(result.events);
        return result;
    }

    void take(const std::vector<Event>& all) {
        for (const auto& e : all) {
            const char* kinds[] = {"new ", "updated ", "lost "};
            events.push_back(kinds[static_cast<int>(e.kind)] + e.track.label);
        }
    }

    cv::Ptr<drgan_test::ScriptedEncoder> encoder = cv::makePtr<drgan_test::ScriptedEncoder>();
    cv::Ptr<cv::drgan::Gallery> gallery = cv::drgan::Gallery::createEmpty(8, "tiny");
    cv::drgan::Thresholds thresholds;  // none: the match threshold decides about names
    Pipeline::Options options;
    std::unique_ptr<Pipeline> pipeline;
    cv::Mat picture = drgan_test::noisePicture({320, 240}, CV_8UC3, 1);
    std::vector<std::string> events;
    int frame = 0;
};

TEST_F(Names, AreGivenFromTheThresholdOn) {
    gallery->add("Ada", at(0), 1);
    gallery->add("Grace", at(180), 1);
    const auto near = see(39);
    EXPECT_EQ(near.label, "Ada");
    EXPECT_NEAR(near.similarity, cosine(39), 1e-6);
    EXPECT_THAT(events, ElementsAre("new ", "updated Ada"));
    pipeline->finish();
    const auto far = see(41);
    EXPECT_EQ(far.label, "");
    EXPECT_EQ(far.similarity, 0);
}

TEST_F(Names, GoByTheThresholdThatIsSet) {
    gallery->add("Ada", at(0), 1);
    options.matchThreshold = cosine(20);
    pipeline->setOptions(options);
    EXPECT_EQ(see(21).label, "");
    options.matchThreshold = cosine(50);
    pipeline->setOptions(options);
    EXPECT_EQ(see(21).label, "Ada");
}

TEST_F(Names, AreTheMostAlikeOnes) {
    gallery->add("Ada", at(0), 1);
    gallery->add("Grace", at(60), 1);
    EXPECT_EQ(see(40).label, "Grace");
}

TEST_F(Names, AreNobodysWhereTwoAreAsAlike) {
    gallery->add("Ada", at(0), 1);
    gallery->add("Grace", at(20), 1);
    EXPECT_EQ(see(11).label, "");
    EXPECT_EQ(see(30).label, "Grace");  // 20.5 degrees, fused
}

TEST_F(Names, GoByTheStrangerRateWhereTheBundleHasThresholds) {
    // The cosines that half of the strangers, five in a thousand and one in 20,000 reach.
    thresholds.rates = {0.5, 0.005, 0.00005};
    thresholds.cosines = {0, static_cast<float>(cosine(30)), static_cast<float>(cosine(10))};
    gallery->add("Ada", at(0), 1);
    make(gallery);
    EXPECT_EQ(see(31).label, "");  // the rate is a hundredth, and a track gets two chances
    pipeline->finish();
    EXPECT_EQ(see(29).label, "Ada");
    pipeline->finish();
    options.strangerRate = 0.0001;
    pipeline->setOptions(options);
    EXPECT_EQ(see(11).label, "");
    pipeline->finish();
    EXPECT_EQ(see(9).label, "Ada");
    pipeline->finish();
    options.strangerRate = 0.01;
    for (int i = 0; i < 99; ++i) {
        cv::Mat other(1, 8, CV_32F, cv::Scalar(0));
        other.at<float>(2 + i % 6) = 1;
        gallery->add("other " + std::to_string(i), other, 1);
    }
    pipeline->setOptions(options);
    EXPECT_EQ(see(11).label, "") << "among a hundred people the threshold is higher";
    pipeline->finish();
    EXPECT_EQ(see(9).label, "Ada");
    pipeline->finish();
    options.matchThreshold = cosine(50);
    pipeline->setOptions(options);
    EXPECT_EQ(see(49).label, "Ada") << "an explicit threshold takes precedence";
}

TEST_F(Names, TakeMoreOfAFusedEmbedding) {
    thresholds.rates = {0.5, 0.005, 0.00005};
    thresholds.cosines = {0, static_cast<float>(cosine(30)), static_cast<float>(cosine(10))};
    gallery->addFused("Ada", at(0), 100, 100);
    make(gallery);
    EXPECT_EQ(see(29).label, "");  // cos(29) is 1.0099 times cos(30), but 1.065 times is required
    EXPECT_EQ(see(29).label, "");
    pipeline->finish();
    EXPECT_EQ(see(22).label, "Ada");  // 1.0706 times
    EXPECT_EQ(see(22).label, "Ada");  // 1.098 times would be required, but the track already has her name
    pipeline->finish();
    options.matchThreshold = cosine(30);
    pipeline->setOptions(options);
    EXPECT_EQ(see(29).label, "Ada");
}

TEST_F(Names, AreNewsThoughTheConfidenceHasHardlyGrown) {
    gallery->add("Ada", at(0), 1);
    options.matchThreshold = cosine(40);
    make(gallery, 0);  // even 90 degrees apart is one person
    see(60);
    see(60);
    EXPECT_THAT(events, ElementsAre("new ", "updated "));
    events.clear();
    see(0);
    see(0);  // the mean is at 30 degrees
    see(0);
    see(0);
    EXPECT_THAT(events, ElementsAre("updated Ada"));
    events.clear();
    for (int i = 0; i < 10; ++i) {
        see(90);
    }
    EXPECT_THAT(events, ElementsAre("updated "));
    events.clear();
    take(pipeline->finish());
    EXPECT_THAT(events, ElementsAre("lost "));
}

// With a single picture, the fused embedding is that picture's.
TEST(Identities, KeepTheirNameThoughTheLikenessFallsALittle) {
    drgan_test::ScriptedEncoder encoder;
    const auto gallery = cv::drgan::Gallery::createEmpty(8, "tiny");
    gallery->add("Ada", at(0), 1);
    gallery->add("Grace", at(60), 1);
    const double threshold = cosine(40);
    cv::drgan::NamingRule rule;
    rule.threshold = threshold;
    const auto looks = [&](Identity& identity, double degrees) {
        identity.fused.reset();
        identity.fused.add(at(degrees), 0.5F);
        return identity.match(*gallery, encoder, rule);
    };
    Identity identity;
    EXPECT_TRUE(looks(identity, 0));
    EXPECT_EQ(identity.label, "Ada");
    // Grace is nearer from 30 degrees on, and nearer by the margin from 32 on.
    EXPECT_FALSE(looks(identity, 31));
    EXPECT_EQ(identity.label, "Ada");
    EXPECT_NEAR(identity.similarity, cosine(31), 1e-6);
    EXPECT_TRUE(looks(identity, 33));
    EXPECT_EQ(identity.label, "Grace");
    EXPECT_NEAR(identity.similarity, cosine(27), 1e-6);
    EXPECT_FALSE(looks(identity, 29));
    // On the other side of Ada, away from Grace.
    EXPECT_TRUE(looks(identity, -39));
    EXPECT_EQ(identity.label, "Ada");
    const double kept = 40 + 2;
    ASSERT_GT(cosine(kept), threshold - Identity::nameSlack);
    EXPECT_FALSE(looks(identity, -kept));
    EXPECT_EQ(identity.label, "Ada");
    EXPECT_TRUE(looks(identity, -45));
    EXPECT_EQ(identity.label, "");
    EXPECT_FALSE(looks(identity, -kept)) << "a new name needs the full threshold";
    EXPECT_EQ(identity.label, "");
    // A person who was removed from the gallery gives no name.
    EXPECT_TRUE(looks(identity, 0));
    gallery->remove("Ada");
    EXPECT_TRUE(looks(identity, 0));
    EXPECT_EQ(identity.label, "");
}

TEST(Identities, AreMatchedWhileAnotherThreadRemovesTheirPerson) {
    drgan_test::ScriptedEncoder encoder;
    const auto gallery = cv::drgan::Gallery::createEmpty(8, "tiny");
    std::atomic<bool> stop{false};
    std::thread others([&] {
        while (!stop) {
            gallery->add("Ada", at(0), 1);
            gallery->remove("Ada");
        }
    });
    Identity identity;
    identity.fused.add(at(0), 0.5F);
    int named = 0;
    EXPECT_NO_THROW({
        for (int i = 0; i < 50000; ++i) {
            identity.label = "Ada";
            identity.match(*gallery, encoder, {});
            named += identity.label == "Ada";
        }
    });
    stop = true;
    others.join();
    EXPECT_GT(named, 0);
}

TEST_F(Names, GoOnWithAFaceThatComesBackAndAreLostWithIt) {
    gallery->add("Ada", at(0), 1);
    options.trackTimeout = 2000 * millisecond;
    pipeline->setOptions(options);
    see(10);
    for (int i = 0; i < 25; ++i) {
        Face other;
        other.box = {10, 160, 60, 60};
        other.score = 1;
        encoder->embedding = at(120);
        step({other});
    }
    events.clear();
    encoder->embedding = at(12);
    Face face;
    face.box = {220, 20, 80, 80};
    face.score = 1;
    const auto tracks = step({face}).tracks;
    const auto back =
        std::find_if(tracks.begin(), tracks.end(), [](const drgan::TrackInfo& t) { return t.box.y == 20; });
    ASSERT_NE(back, tracks.end());
    EXPECT_EQ(back->id, 1);
    EXPECT_EQ(back->label, "Ada");
    take(pipeline->finish());
    EXPECT_THAT(events, testing::Contains("lost Ada"));
}

TEST_F(Names, AreForgottenWithTheRest) {
    gallery->add("Ada", at(0), 1);
    see(0);
    events.clear();
    std::vector<Event> last;
    EXPECT_EQ(pipeline->forget(-1, last), 1U);
    take(last);
    EXPECT_THAT(events, ElementsAre("lost "));
}

TEST_F(Names, AreNobodysWithoutPeopleToKnow) {
    EXPECT_EQ(see(0).label, "");  // an empty gallery
    make({});
    EXPECT_EQ(see(0).label, "");
    EXPECT_THAT(events, ElementsAre("new ", "updated ", "new ", "updated "));
}

}  // namespace
