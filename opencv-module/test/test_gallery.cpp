// SPDX-License-Identifier: Apache-2.0
//
// The people of a gallery and their data. For searches see test_gallery_search.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <climits>
#include <limits>

#include "expect_error.hpp"
#include "gallery_people.hpp"
#include "tiny_onnx.hpp"

using cv::Mat;
using cv::drgan::Gallery;
using cv::drgan::Template;
using drgan_test::expectError;
using drgan_test::galleryOf;
using drgan_test::KnownPerson;
using drgan_test::personName;
using drgan_test::personOf;
using drgan_test::randomRows;

namespace {

constexpr float notANumber = std::numeric_limits<float>::quiet_NaN();
constexpr float infinite = std::numeric_limits<float>::infinity();

double difference(const Mat& a, const Mat& b) { return cv::norm(a, b, cv::NORM_INF); }

}  // namespace

TEST(Gallery, FusesAsTemplateDoes) {
    const Mat rows = randomRows(60, 16, 1);
    Mat confidences(60, 1, CV_32F);
    cv::RNG random(2);
    random.fill(confidences, cv::RNG::UNIFORM, 0, 1);
    confidences.at<float>(0) = 0;  // the first has no weight if others have
    confidences.at<float>(7) = 0;
    confidences.at<float>(8) = 1e-42f;
    const auto gallery = Gallery::createEmpty(16, "tiny");
    Template expected;
    for (int i = 0; i < rows.rows; ++i) {
        gallery->add("Ann", rows.row(i), confidences.at<float>(i));
        expected.add(rows.row(i), confidences.at<float>(i));
        Mat fused;
        expected.fused(fused);
        const KnownPerson known = personOf(*gallery, "Ann");
        ASSERT_LT(difference(known.embedding, fused), 2e-6) << i;  // a mean of floats, rounded 60 times
        ASSERT_EQ(known.images, i + 1);
        ASSERT_DOUBLE_EQ(known.totalConfidence, expected.totalConfidence());
    }
    EXPECT_EQ(gallery->size(), 1);
}

TEST(Gallery, OneEmbeddingIsItself) {
    const Mat row = randomRows(1, 32, 3);
    for (const float confidence : {1.f, 0.3f, 1e-30f, 0.f}) {
        const auto gallery = Gallery::createEmpty(32, "tiny");
        gallery->add("Ann", row, confidence);
        EXPECT_EQ(difference(personOf(*gallery, "Ann").embedding, row), 0) << confidence;
    }
}

TEST(Gallery, WithoutConfidenceEveryPictureCountsAlike) {
    const Mat rows = randomRows(5, 8, 4);
    const auto gallery = Gallery::createEmpty(8, "tiny");
    for (int i = 0; i < rows.rows; ++i) {
        gallery->add("Ann", rows.row(i), 0);
    }
    Mat mean;
    cv::reduce(rows, mean, 0, cv::REDUCE_AVG);
    EXPECT_LT(difference(personOf(*gallery, "Ann").embedding, mean), 1e-6);
    EXPECT_EQ(personOf(*gallery, "Ann").totalConfidence, 0);
    gallery->add("Ann", rows.row(2), 0.25f);  // now one has a weight
    EXPECT_EQ(difference(personOf(*gallery, "Ann").embedding, rows.row(2)), 0);
    EXPECT_EQ(personOf(*gallery, "Ann").images, 6);
}

TEST(Gallery, AFusedPersonCountsAsAllItsPictures) {
    const Mat rows = randomRows(9, 8, 5);
    const auto whole = Gallery::createEmpty(8, "tiny"), a = Gallery::createEmpty(8, "tiny"),
               b = Gallery::createEmpty(8, "tiny");
    for (int i = 0; i < rows.rows; ++i) {
        const float confidence = 0.1f + 0.1f * static_cast<float>(i);
        whole->add("Ann", rows.row(i), confidence);
        (i < 4 ? a : b)->add("Ann", rows.row(i), confidence);
    }
    const KnownPerson other = personOf(*b, "Ann");
    a->addFused("Ann", other.embedding, other.totalConfidence, other.images);
    const KnownPerson merged = personOf(*a, "Ann"), expected = personOf(*whole, "Ann");
    EXPECT_LT(difference(merged.embedding, expected.embedding), 1e-6);
    EXPECT_NEAR(merged.totalConfidence, expected.totalConfidence, 1e-12);
    EXPECT_EQ(merged.images, 9);
    a->addFused("Ben", other.embedding, 0, 3);
    EXPECT_EQ(personOf(*a, "Ben").images, 3);
}

TEST(Gallery, RemovesAndKeepsTheOthers) {
    const Mat rows = randomRows(100, 8, 6);
    const auto gallery = galleryOf(rows);
    std::vector<int> order(100);
    for (int i = 0; i < 100; ++i) order[static_cast<size_t>(i)] = i * 37 % 100;
    for (size_t removed = 0; removed < order.size(); ++removed) {
        const std::string name = personName(order[removed]);
        ASSERT_TRUE(gallery->contains(name));
        ASSERT_TRUE(gallery->remove(name));
        ASSERT_FALSE(gallery->contains(name));
        ASSERT_FALSE(gallery->remove(name));
        ASSERT_EQ(gallery->size(), static_cast<int>(99 - removed));
        for (size_t left = removed + 1; left < order.size(); ++left) {
            ASSERT_EQ(difference(personOf(*gallery, personName(order[left])).embedding, rows.row(order[left])), 0);
        }
    }
    gallery->add("Ann", rows.row(0), 1);  // an emptied gallery can be used again
    EXPECT_EQ(gallery->names(), std::vector<cv::String>{"Ann"});
}

TEST(Gallery, ManyRowsOfManyValues) {
    // Few rows per chunk, so that the last of several chunks is removed and added again.
    const Mat rows = randomRows(100, 65536, 7);
    const auto gallery = galleryOf(rows);
    for (int i = 99; i >= 60; --i) ASSERT_TRUE(gallery->remove(personName(i)));
    for (int i = 60; i < 100; ++i) gallery->add(personName(i), rows.row(i), 1);
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(difference(personOf(*gallery, personName(i)).embedding, rows.row(i)), 0);
    }
}

TEST(Gallery, NamesAscendByTheirBytes) {
    const auto gallery = Gallery::createEmpty(4, "tiny");
    for (const char* const name : {"b", "B", "Zoë", "Zoe", "a b", "a", "愛", "\xf0\x9f\x99\x82", "ä"}) {
        gallery->add(name, randomRows(1, 4, 8), 1);
    }
    const std::vector<cv::String> expected = {"B", "Zoe", "Zoë", "a", "a b", "b", "ä", "愛", "\xf0\x9f\x99\x82"};
    EXPECT_EQ(gallery->names(), expected);
}

TEST(Gallery, ResultsAreTheCallersOwn) {
    const auto gallery = Gallery::createEmpty(4, "tiny");
    Mat row = randomRows(1, 4, 9);
    const Mat before = row.clone();
    gallery->add("Ann", row, 1);
    row.setTo(7);
    KnownPerson known = personOf(*gallery, "Ann");
    EXPECT_EQ(difference(known.embedding, before), 0);
    known.embedding.setTo(8);
    EXPECT_EQ(difference(personOf(*gallery, "Ann").embedding, before), 0);
}

TEST(Gallery, TakesColumnsAndPartsOfMatrices) {
    const Mat square = randomRows(8, 8, 10);
    const auto gallery = Gallery::createEmpty(8, "tiny");
    gallery->add("column", square.col(3), 1);  // not continuous
    EXPECT_EQ(difference(personOf(*gallery, "column").embedding, square.col(3).t()), 0);
}

TEST(Gallery, KnowsWhoseEmbeddingsItHolds) {
    const auto encoder = cv::drgan::Encoder::create(drgan_test::tinyEncoder());
    const auto gallery = Gallery::create(encoder);
    EXPECT_EQ(gallery->embeddingSize(), encoder->embeddingSize());
    EXPECT_EQ(gallery->bundleId(), "tiny");
    expectError([] { Gallery::create(cv::Ptr<cv::drgan::Encoder>()); }, {"encoder", "none"});
    expectError([] { Gallery::createEmpty(0, "tiny"); }, {"embeddingSize", "0", "1 to 65536"});
    expectError([] { Gallery::createEmpty(65537, "tiny"); }, {"embeddingSize", "65537"});
    expectError([] { Gallery::createEmpty(8, ""); }, {"bundleId", "empty"});
    expectError([] { Gallery::createEmpty(8, "a\nb"); }, {"bundleId", "control character U+000A"});
}

TEST(Gallery, RefusesBadNames) {
    const auto gallery = Gallery::createEmpty(4, "tiny");
    const Mat row = randomRows(1, 4, 11);
    gallery->add(std::string(1024, 'x'), row, 1);  // the longest
    const std::pair<std::string, std::vector<std::string>> cases[] = {
        {"", {"name", "empty"}},
        {std::string(1025, 'x'), {"name", "1025 bytes", "at most 1024"}},
        {std::string(10240, 'x'), {"name", "10240 bytes", "..."}},
        {"Ann\nBen", {"name \"Ann\\x0aBen\"", "control character U+000A at byte 3"}},
        {"Ann\r", {"U+000D"}},
        {"\tAnn", {"U+0009 at byte 0"}},
        {std::string("Ann\0Ben", 7), {"U+0000"}},
        {"Ann\x7f", {"U+007F"}},
        {"Ann\xc2\x85", {"U+0085"}},                    // a C1 control
        {"Ann\xff", {"not UTF-8 at byte 3", "\\xff"}},  // never in UTF-8
        {"\xe4nn", {"not UTF-8 at byte 0"}},            // Latin-1
        {"Ann\xc3", {"not UTF-8 at byte 3"}},           // truncated
        {"\xc0\xaf", {"not UTF-8 at byte 0"}},          // overlong
        {"\xe0\x80\xaf", {"not UTF-8"}},                // overlong
        {"\xed\xa0\x80", {"not UTF-8"}},                // a surrogate
        {"\xf4\x90\x80\x80", {"not UTF-8"}},            // above U+10FFFF
        {"\xf8\x88\x80\x80\x80", {"not UTF-8"}},        // five bytes
        {"\x80", {"not UTF-8"}},                        // a continuation alone
    };
    for (const auto& [name, parts] : cases) {
        expectError([&, n = name] { gallery->add(n, row, 1); }, parts);
        expectError([&, n = name] { gallery->addFused(n, row, 1, 1); }, parts);
        EXPECT_FALSE(gallery->contains(name));
        EXPECT_FALSE(gallery->remove(name));
    }
    EXPECT_EQ(gallery->size(), 1);
}

TEST(Gallery, RefusesBadEmbeddings) {
    const auto gallery = Gallery::createEmpty(4, "tiny");
    const Mat good = randomRows(1, 4, 12);
    gallery->add("Ann", good, 0.5f);
    const std::pair<Mat, std::vector<std::string>> cases[] = {
        {Mat(), {"embedding", "empty", "CV_32FC1"}},
        {Mat(1, 4, CV_64F, cv::Scalar(1)), {"embedding", "CV_64F"}},
        {Mat(1, 4, CV_8U, cv::Scalar(1)), {"embedding", "CV_8U"}},
        {Mat(1, 4, CV_32FC2, cv::Scalar(1, 1)), {"embedding", "CV_32FC2"}},
        {Mat(2, 4, CV_32F, cv::Scalar(1)), {"embedding", "2 rows"}},
        {Mat(1, 5, CV_32F, cv::Scalar(1)), {"embedding", "5 values", "expected 4"}},
        {Mat(1, 3, CV_32F, cv::Scalar(1)), {"embedding", "3 values", "expected 4"}},
        {Mat::zeros(1, 4, CV_32F), {"embedding", "zeros"}},
        {(cv::Mat_<float>(1, 4) << 1, notANumber, 1, 1), {"embedding", "NaN"}},
        {(cv::Mat_<float>(1, 4) << 1, 1, infinite, 1), {"embedding", "infinity"}},
        {(cv::Mat_<float>(1, 4) << 0, 0, 1e-20f, 0), {"embedding", "norm 1e-20"}},
        {(cv::Mat_<float>(1, 4) << 0, 3e38f, 3e38f, 0), {"embedding", "norm 4.24"}},
    };
    for (const auto& [embedding, parts] : cases) {
        expectError([&, e = embedding] { gallery->add("Ann", e, 0.5f); }, parts);
        expectError([&, e = embedding] { gallery->add("new", e, 0.5f); }, parts);
        expectError([&, e = embedding] { gallery->addFused("new", e, 0.5, 2); }, parts);
    }
    EXPECT_EQ(gallery->size(), 1);
    EXPECT_EQ(difference(personOf(*gallery, "Ann").embedding, good), 0);
    EXPECT_EQ(personOf(*gallery, "Ann").images, 1);
}

TEST(Gallery, RefusesBadNumbers) {
    const auto gallery = Gallery::createEmpty(4, "tiny");
    const Mat row = randomRows(1, 4, 13);
    for (const float bad : {-0.1f, notANumber, infinite, -infinite}) {
        expectError([&] { gallery->add("Ann", row, bad); }, {"confidence", ">= 0"});
        expectError([&] { gallery->addFused("Ann", row, static_cast<double>(bad), 1); }, {"totalConfidence", ">= 0"});
    }
    expectError([&] { gallery->addFused("Ann", row, 1, 0); }, {"images", "0", "at least 1"});
    expectError([&] { gallery->addFused("Ann", row, 1, -3); }, {"images", "-3"});
    EXPECT_EQ(gallery->size(), 0);
    gallery->addFused("Ann", row, 1e308, INT_MAX - 1);
    gallery->add("Ann", row, 1);
    expectError([&] { gallery->add("Ann", row, 1); }, {"\"Ann\"", "2147483647", "overflow"});
    gallery->addFused("Ben", row, 1.7e308, 1);
    expectError([&] { gallery->addFused("Ben", row, 1.7e308, 1); }, {"\"Ben\"", "1.7e+308", "overflow"});
    EXPECT_EQ(personOf(*gallery, "Ben").images, 1);
}

TEST(Gallery, RefusesWhatCancelsAPersonOut) {
    const auto gallery = Gallery::createEmpty(4, "tiny");
    const Mat row = randomRows(1, 4, 14);
    gallery->add("Ann", row, 0.5f);
    expectError([&] { gallery->add("Ann", -row, 0.5f); }, {"\"Ann\"", "zeros"});
    EXPECT_EQ(difference(personOf(*gallery, "Ann").embedding, row), 0);
    EXPECT_EQ(personOf(*gallery, "Ann").images, 1);
}

TEST(Gallery, NamesWhoIsNotThere) {
    const auto gallery = galleryOf(randomRows(3, 4, 15));
    expectError([&] { personOf(*gallery, "Nobody"); }, {"\"Nobody\"", "no such person", "3"});
}
