// SPDX-License-Identifier: Apache-2.0
//
// Who is named and who is not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "expect_error.hpp"
#include "gallery_people.hpp"

using cv::Mat;
using cv::drgan::Gallery;
using cv::drgan::Identification;
using cv::drgan::NamingRule;
using cv::drgan::Thresholds;
using drgan_test::expectError;
using drgan_test::galleryOf;
using drgan_test::personName;
using drgan_test::randomRows;

namespace {

constexpr int length = 64;

/// A unit vector in the plane of the axes 0 and 1.
Mat at(double degrees) {
    Mat row(1, length, CV_32F, cv::Scalar(0));
    row.at<float>(0) = static_cast<float>(std::cos(degrees * CV_PI / 180));
    row.at<float>(1) = static_cast<float>(std::sin(degrees * CV_PI / 180));
    return row;
}

double cosine(double degrees) { return std::cos(degrees * CV_PI / 180); }

/// A cosine of 0.5 at a rate of 1e-2, and 0.1 more for each power of ten.
NamingRule rule() {
    NamingRule rule;
    rule.thresholds.rates = {1e-2, 1e-3, 1e-4};
    rule.thresholds.cosines = {0.5f, 0.6f, 0.7f};
    rule.matchThreshold = 0.25f;
    return rule;
}

/// The cosine that a `share` of all pairs of these rows reach.
Thresholds measure(const Mat& rows, const std::vector<double>& rates) {
    Mat units = rows.clone();
    for (int i = 0; i < units.rows; ++i) units.row(i) /= cv::norm(units.row(i));
    const Mat products = units * units.t();
    std::vector<float> cosines;
    for (int i = 0; i < rows.rows; ++i) {
        for (int j = i + 1; j < rows.rows; ++j) cosines.push_back(products.at<float>(i, j));
    }
    std::sort(cosines.begin(), cosines.end(), std::greater<>());
    Thresholds thresholds;
    for (const double rate : rates) {
        thresholds.rates.push_back(rate);
        thresholds.cosines.push_back(cosines[static_cast<size_t>(rate * static_cast<double>(cosines.size()))]);
    }
    return thresholds;
}

}  // namespace

TEST(GalleryIdentify, NamesWhoIsAlikeEnough) {
    const auto gallery = Gallery::createEmpty(length, "tiny");
    gallery->add("Ann", at(0), 1);
    gallery->add("Ben", at(90), 1);
    const double threshold = gallery->namingThreshold(rule());
    EXPECT_NEAR(threshold, 0.5 + 0.1 * std::log10(2), 1e-3);  // two people: half the rate
    const double degrees = std::acos(threshold) * 180 / CV_PI;

    const Identification near = gallery->identify(at(-degrees + 0.1), rule());
    EXPECT_EQ(near.name, "Ann");
    EXPECT_EQ(near.best, "Ann");
    EXPECT_NEAR(near.similarity, cosine(degrees - 0.1), 1e-6);
    EXPECT_EQ(near.second, "Ben");
    EXPECT_NEAR(near.secondSimilarity, cosine(90 + degrees - 0.1), 1e-6);
    EXPECT_FLOAT_EQ(near.threshold, static_cast<float>(threshold));

    const Identification far = gallery->identify(at(-degrees - 0.1).t(), rule());
    EXPECT_EQ(far.name, "");
    EXPECT_EQ(far.best, "Ann");
    EXPECT_NEAR(far.similarity, cosine(degrees + 0.1), 1e-6);
}

TEST(GalleryIdentify, AsksForMoreTheMorePeopleThereAre) {
    const auto gallery = Gallery::createEmpty(length, "tiny");
    gallery->add("Ann", at(0), 1);
    EXPECT_NEAR(gallery->namingThreshold(rule()), 0.5, 1e-3);
    const Mat others = randomRows(999, length, 1);
    for (int i = 0; i < others.rows; ++i) gallery->add(personName(i), others.row(i), 1);
    EXPECT_NEAR(gallery->namingThreshold(rule()), 0.8, 1e-3);  // extended beyond the measured rates
    EXPECT_EQ(gallery->identify(at(40), rule()).name, "");     // 0.766
    EXPECT_EQ(gallery->identify(at(30), rule()).name, "Ann");
    NamingRule often = rule();
    often.strangerRate = 0.1;
    EXPECT_NEAR(gallery->namingThreshold(often), 0.7, 3e-3);
    EXPECT_EQ(gallery->identify(at(40), often).name, "Ann");
}

// The measured probability is the requested one, for random people with one picture each.
TEST(GalleryIdentify, NamesAsManyStrangersAsAskedFor) {
    NamingRule asked;
    asked.thresholds = measure(randomRows(3000, length, 2), {1e-1, 1e-2, 1e-3, 1e-4, 1e-5});
    asked.margin = 0;
    for (const int people : {10, 100, 1000}) {
        for (const double rate : {0.01, 0.1}) {
            asked.strangerRate = rate;
            const auto gallery = galleryOf(randomRows(people, length, 3u + static_cast<unsigned>(people)));
            const Mat strangers = randomRows(5000, length, 4);
            int named = 0;
            for (int i = 0; i < strangers.rows; ++i) {
                named += gallery->identify(strangers.row(i), asked).name.empty() ? 0 : 1;
            }
            EXPECT_NEAR(named, 5000 * rate, 5000 * rate * 0.4) << people << " people, asked for " << rate;
        }
    }
}

TEST(GalleryIdentify, AsksFusedEmbeddingsForMore) {
    const auto gallery = Gallery::createEmpty(length, "tiny");
    gallery->addFused("Ann", at(0), 8, 8);
    const double single = gallery->namingThreshold(rule());
    EXPECT_NEAR(gallery->namingThreshold(rule(), 2), 1.031 * single, 1e-3);
    EXPECT_NEAR(gallery->namingThreshold(rule(), 8), 1.056 * single, 1e-3);
    EXPECT_NEAR(gallery->namingThreshold(rule(), 8, 8), 1.056 * 1.056 * single, 1e-3);
    EXPECT_NEAR(gallery->namingThreshold(rule(), 1 << 30, 1 << 30), 1.134 * single, 1e-3);
    EXPECT_FLOAT_EQ(gallery->identify(at(0), rule()).threshold,
                    static_cast<float>(gallery->namingThreshold(rule(), 1, 8)));
    EXPECT_FLOAT_EQ(gallery->identify(at(0), rule(), 3).threshold,
                    static_cast<float>(gallery->namingThreshold(rule(), 3, 8)));
}

TEST(GalleryIdentify, NamesNobodyWhoIsLikeTwo) {
    const auto gallery = Gallery::createEmpty(length, "tiny");
    gallery->add("Ann", at(0), 1);
    gallery->add("Ben", at(20), 1);
    NamingRule wanted = rule();
    const Identification between = gallery->identify(at(9), wanted);
    EXPECT_EQ(between.name, "");
    EXPECT_EQ(between.best, "Ann");
    EXPECT_GT(between.similarity, between.threshold);
    wanted.margin = static_cast<float>(cosine(9) - cosine(11)) - 1e-4f;
    EXPECT_EQ(gallery->identify(at(9), wanted).name, "Ann");
    wanted.margin += 2e-4f;
    EXPECT_EQ(gallery->identify(at(9), wanted).name, "");
    EXPECT_EQ(gallery->identify(at(-30), rule()).name, "Ann");
    gallery->remove("Ben");
    EXPECT_EQ(gallery->identify(at(9), rule()).name, "Ann");
}

TEST(GalleryIdentify, GoesByTheThresholdThatIsGiven) {
    const auto gallery = galleryOf(randomRows(100, length, 5));
    gallery->addFused("Ann", at(0), 5, 5);
    NamingRule given = rule();
    given.threshold = 0.31;
    EXPECT_EQ(gallery->namingThreshold(given, 9, 9), 0.31);
    EXPECT_FLOAT_EQ(gallery->identify(at(0), given, 7).threshold, 0.31f);
    given.threshold = 0;
    EXPECT_EQ(gallery->namingThreshold(given), 0);
}

TEST(GalleryIdentify, GoesByTheGallerysOwnThresholds) {
    const auto gallery = galleryOf(randomRows(10, length, 6));
    Thresholds own;
    own.rates = {1e-2, 1e-3};
    own.cosines = {0.7f, 0.75f};
    EXPECT_NEAR(gallery->namingThreshold(rule()), 0.6, 1e-3);
    gallery->setThresholds(own);
    EXPECT_NEAR(gallery->namingThreshold(rule()), 0.75, 1e-3);
    gallery->setThresholds({});
    EXPECT_NEAR(gallery->namingThreshold(rule()), 0.6, 1e-3);
    own.cosines = {0.7f};
    expectError([&] { gallery->setThresholds(own); }, {"thresholds", "2 false-match rates and 1 cosines"});
}

TEST(GalleryIdentify, GoesByTheMatchThresholdWithoutAny) {
    const auto gallery = galleryOf(randomRows(1000, length, 7));
    NamingRule old;
    old.matchThreshold = 0.25f;
    EXPECT_FLOAT_EQ(static_cast<float>(gallery->namingThreshold(old, 5, 5)), 0.25f);
}

TEST(GalleryIdentify, OfNobody) {
    const auto gallery = Gallery::createEmpty(length, "tiny");
    const Identification found = gallery->identify(at(0), rule());
    EXPECT_EQ(found.name + found.best + found.second, "");
    EXPECT_EQ(found.similarity, -1);
    EXPECT_EQ(found.secondSimilarity, -1);
    EXPECT_NEAR(found.threshold, 0.5, 1e-3);
    gallery->add("Ann", at(0), 1);
    const Identification one = gallery->identify(at(10), rule());
    EXPECT_EQ(one.name, "Ann");
    EXPECT_EQ(one.second, "");
    EXPECT_EQ(one.secondSimilarity, -1);
}

TEST(GalleryIdentify, WithAnIndexIsTheSame) {
    if (!Gallery::hasIndexes()) GTEST_SKIP() << "built without Faiss";
    const Mat rows = randomRows(2000, length, 8);
    const auto gallery = galleryOf(rows);
    std::vector<cv::String> names;
    for (int i = 0; i < 50; ++i) names.push_back(gallery->identify(rows.row(i) + 0.3 * at(0), rule()).name);
    gallery->buildIndex(Gallery::INDEX_IVF);
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(gallery->identify(rows.row(i) + 0.3 * at(0), rule()).name, names[static_cast<size_t>(i)]);
        EXPECT_EQ(names[static_cast<size_t>(i)], personName(i));
    }
}

TEST(GalleryIdentify, RefusesWhatIsWrong) {
    const auto gallery = galleryOf(randomRows(3, length, 9));
    const auto refused = [&](const std::function<void(NamingRule&)>& change, const std::vector<std::string>& parts) {
        NamingRule wrong = rule();
        change(wrong);
        expectError([&] { gallery->identify(at(0), wrong); }, parts);
    };
    refused([](NamingRule& r) { r.threshold = 1.5; }, {"threshold", "1.5"});
    refused([](NamingRule& r) { r.threshold = std::nan(""); }, {"threshold", "nan"});
    refused([](NamingRule& r) { r.margin = -1; }, {"margin", "-1"});
    refused([](NamingRule& r) { r.strangerRate = 0; }, {"strangerRate", "got 0"});
    refused([](NamingRule& r) { r.thresholds.cosines.pop_back(); }, {"3 false-match rates and 2 cosines"});
    expectError([&] { gallery->identify(at(0), rule(), 0); }, {"images", "got 0"});
    expectError([&] { gallery->identify(randomRows(2, length, 1), rule()); }, {"embedding", "2 rows", "expected one"});
    expectError([&] { gallery->identify(randomRows(1, 8, 1), rule()); }, {"embeddings", "expected 64"});
    expectError([&] { gallery->identify(Mat(1, length, CV_32F, cv::Scalar(0)), rule()); }, {"zeros"});
}
