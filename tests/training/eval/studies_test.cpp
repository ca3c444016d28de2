// SPDX-License-Identifier: Apache-2.0

#include "eval/studies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "eval/fusion.hpp"

namespace drgan::eval {
namespace {

/// Ten people with 10 frontal and 4 profile pictures each; an embedding is the person's axis plus noise.
struct SmallWorld {
    static constexpr int people = 10;
    Persons persons;
    Embeddings embeddings;
    Encodings encodings;

    /// @param profileNoise noise of the profiles' embeddings; frontal ones have 0.3
    explicit SmallWorld(float profileNoise, float profileConfidence = 0.5F) {
        std::mt19937 random(7);
        std::normal_distribution<float> normal;
        for (int p = 0; p < people; ++p) {
            Person person;
            for (int i = 0; i < 14; ++i) {
                const bool profile = i >= 10;
                const std::string path = std::to_string(p) + (profile ? "/profile/" : "/frontal/") + std::to_string(i);
                (profile ? person.profile : person.frontal).push_back(path);
                cv::Mat f = cv::Mat::zeros(1, people, CV_32F);
                for (int k = 0; k < people; ++k) {
                    f.at<float>(k) = (k == p ? 1.F : 0.F) + (profile ? profileNoise : 0.3F) * normal(random);
                }
                encodings[path] = {f, profile ? profileConfidence : 1.F};
                embeddings[path] = data::unit(f);
            }
            persons.push_back(person);
        }
    }
};

TEST(Studies, FrontalProfilePairsAreAllOfThem) {
    const SmallWorld world(0.3F);
    const PairScores scores = allFrontalProfile(world.persons, world.embeddings);
    EXPECT_EQ(scores.same.size(), 10U * 10 * 4);
    EXPECT_EQ(scores.different.size(), 10U * 9 * 10 * 4);
    EXPECT_NEAR(scores.same.front(), world.embeddings.at("0/frontal/0").dot(world.embeddings.at("0/profile/10")), 1e-6);
}

TEST(Studies, FusingHelpsAndConfidenceDiscountsBadPictures) {
    const SmallWorld world(2.F, 0.02F);  // profiles are nearly noise and have a low confidence
    const std::vector<Fusion> rows = byImagesFused(world.persons, {&world.encodings}, 10);
    ASSERT_EQ(rows.size(), 7U);  // 14 pictures: seven for each side
    for (size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(rows[i].n, static_cast<int>(i) + 1);
    }
    EXPECT_DOUBLE_EQ(rows[0].confidence.eer, rows[0].mean.eer);  // with one picture, all are the same
    EXPECT_DOUBLE_EQ(rows[0].confidence.eer, rows[0].best.eer);
    EXPECT_GT(rows[0].mean.eer, 0.2);  // frontal against profile
    EXPECT_LT(rows[3].confidence.eer, rows[3].mean.eer);
    EXPECT_LT(rows[6].confidence.eer, rows[1].confidence.eer);
    EXPECT_GT(rows[6].best.eer, rows[6].confidence.eer);
}

TEST(Studies, TheSameDrawsGiveTheSameFigures) {
    const SmallWorld world(1.F);
    const std::vector<Fusion> a = byImagesFused(world.persons, {&world.encodings}, 3);
    const std::vector<Fusion> b = byImagesFused(world.persons, {&world.encodings}, 3);
    for (size_t i = 0; i < a.size(); ++i) {
        EXPECT_EQ(a[i].confidence.eer, b[i].confidence.eer);
        EXPECT_EQ(a[i].mean.eer, b[i].mean.eer);
    }
}

TEST(Studies, MixedQualityDrawsFromAllQualities) {
    const SmallWorld world(0.3F);
    Encodings noise;  // pictures of the worst quality: only noise, without confidence
    std::mt19937 random(9);
    std::normal_distribution<float> normal;
    for (const auto& [picture, encoding] : world.encodings) {
        cv::Mat f(encoding.embedding.size(), CV_32F);
        std::generate(f.begin<float>(), f.end<float>(), [&] { return normal(random); });
        noise[picture] = {f, 0.01F};
    }
    const std::vector<Fusion> clean = byImagesFused(world.persons, {&world.encodings}, 5);
    const std::vector<Fusion> mixed = byImagesFused(world.persons, {&world.encodings, &noise}, 5);
    ASSERT_EQ(mixed.size(), clean.size());
    EXPECT_GT(mixed[0].mean.eer, clean[0].mean.eer + 0.1);
    EXPECT_LT(mixed[0].mean.accuracy, clean[0].mean.accuracy);
    EXPECT_GT(mixed[3].confidence.tar, mixed[3].mean.tar);
    EXPECT_LT(mixed[3].confidence.eer, mixed[3].mean.eer);  // bad pictures have a low confidence
    const std::vector<Fusion> again = byImagesFused(world.persons, {&world.encodings, &noise}, 5);
    EXPECT_EQ(again[2].best.accuracy, mixed[2].best.accuracy);
}

TEST(Studies, RowsEndWhereFewerThanHalfOfThePeopleReach) {
    SmallWorld world(1.F);
    for (size_t i = 0; i < 4; ++i) {
        world.persons[i].frontal.resize(2);  // with the 4 profiles: three per side
    }
    std::vector<Fusion> rows = byImagesFused(world.persons, {&world.encodings}, 2);
    ASSERT_EQ(rows.size(), 7U);
    EXPECT_EQ(rows[2].people, 10U);
    EXPECT_EQ(rows[3].people, 6U);
    for (size_t i = 4; i < 6; ++i) {
        world.persons[i].frontal.resize(2);
    }
    rows = byImagesFused(world.persons, {&world.encodings}, 2);
    EXPECT_EQ(rows.size(), 3U);
}

TEST(Studies, OnePersonCannotBeTested) {
    SmallWorld world(1.F);
    world.persons.resize(1);
    EXPECT_TRUE(byImagesFused(world.persons, {&world.encodings}).empty());
}

TEST(Studies, TablesAndReportsHoldEveryRow) {
    const SmallWorld world(1.F);
    const std::vector<Fusion> rows = byImagesFused(world.persons, {&world.encodings}, 2);
    EXPECT_EQ(report(rows).size(), rows.size());
    EXPECT_DOUBLE_EQ(report(rows)[2].at("eer_mean"), rows[2].mean.eer);
    EXPECT_DOUBLE_EQ(report(rows)[2].at("tar_confidence"), rows[2].confidence.tar);
    EXPECT_DOUBLE_EQ(report(rows)[2].at("accuracy_most_confident"), rows[2].best.accuracy);
    const std::string text = table(rows);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), static_cast<long>(rows.size()) + 2);
    const std::vector<Confidence> confidence = {{0, 15, 3, 0.5, 0.1, 0.25, 0.125}};
    EXPECT_DOUBLE_EQ(report(confidence)[0].at("blurred"), 0.25);
    EXPECT_DOUBLE_EQ(report(confidence)[0].at("small"), 0.125);
    EXPECT_THAT(table(confidence), testing::HasSubstr("0.500"));
}

}  // namespace
}  // namespace drgan::eval
