// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <thread>

#include "expect_error.hpp"
#include "gallery_people.hpp"
#include "one_thread.hpp"

using cv::Mat;
using cv::drgan::Gallery;
using drgan_test::cosine;
using drgan_test::expectError;
using drgan_test::Found;
using drgan_test::galleryOf;
using drgan_test::personName;
using drgan_test::randomRows;
using drgan_test::search;

namespace {

const bool oneThread = drgan_test::oneThreadInOpenCv();

/// Compares everybody in double and sorts.
Found bruteForce(const Gallery& gallery, const Mat& embeddings, int k) {
    Found found;
    const std::vector<cv::String> names = gallery.names();
    std::vector<Mat> people;
    for (const auto& name : names) people.push_back(drgan_test::personOf(gallery, name).embedding);
    const int count = std::min(k, static_cast<int>(names.size()));
    found.similarities.create(embeddings.rows, count, CV_32F);
    for (int q = 0; q < embeddings.rows; ++q) {
        std::vector<std::pair<float, cv::String>> all;
        for (size_t i = 0; i < names.size(); ++i) {
            all.emplace_back(-static_cast<float>(cosine(embeddings.row(q), people[i])), names[i]);
        }
        std::sort(all.begin(), all.end());
        for (int i = 0; i < count; ++i) {
            found.names.push_back(all[static_cast<size_t>(i)].second);
            found.similarities.at<float>(q, i) = -all[static_cast<size_t>(i)].first;
        }
    }
    return found;
}

void expectSame(const Found& found, const Found& expected) {
    EXPECT_EQ(found.names, expected.names);
    ASSERT_EQ(found.similarities.size(), expected.similarities.size());
    EXPECT_LT(cv::norm(found.similarities, expected.similarities, cv::NORM_INF), 2e-7);
}

}  // namespace

TEST(GallerySearch, EqualsBruteForceInDouble) {
    // 9000 people of 64 values are three pieces; 700 queries several blocks.
    const auto gallery = galleryOf(randomRows(9000, 64, 1));
    for (const int k : {1, 5, 300}) {
        const Mat queries = randomRows(3, 64, 2);
        expectSame(search(*gallery, queries, k), bruteForce(*gallery, queries, k));
    }
    const Mat many = randomRows(700, 64, 3);
    const Found found = search(*gallery, many, 4);
    for (const int q : {0, 255, 256, 699}) {
        const Found one = bruteForce(*gallery, many.row(q), 4);
        for (int i = 0; i < 4; ++i) {
            EXPECT_EQ(found.names[static_cast<size_t>(4 * q + i)], one.names[static_cast<size_t>(i)]);
        }
    }
}

TEST(GallerySearch, TellsApartWhatFloatsHardlyDo) {
    // 500 people within a few units in the last place of each other: a product of floats gives them in another order.
    const Mat base = randomRows(1, 512, 4);
    Mat rows = cv::repeat(base, 500, 1);
    rows += randomRows(500, 512, 5) * 3e-4;
    const auto gallery = galleryOf(rows);
    expectSame(search(*gallery, base, 20), bruteForce(*gallery, base, 20));
}

TEST(GallerySearch, ABatchIsItsSingles) {
    const auto gallery = galleryOf(randomRows(5000, 32, 6));
    const Mat queries = randomRows(37, 32, 7);
    const Found batch = search(*gallery, queries, 3);
    ASSERT_EQ(batch.similarities.size(), cv::Size(3, 37));
    ASSERT_EQ(batch.names.size(), 37u * 3u);
    for (int q = 0; q < queries.rows; ++q) {
        const Found one = search(*gallery, queries.row(q), 3);
        EXPECT_EQ(cv::norm(one.similarities, batch.similarities.row(q), cv::NORM_INF), 0);
        EXPECT_TRUE(std::equal(one.names.begin(), one.names.end(), batch.names.begin() + 3 * q));
    }
}

TEST(GallerySearch, OfEqualsTheFirstByNameComesFirst) {
    const Mat row = randomRows(1, 48, 8);
    const Mat others = randomRows(6000, 48, 9);
    const auto gallery = Gallery::createEmpty(48, "tiny");
    int other = 0;
    // In another order than by name, in several pieces, at other lengths of the same direction.
    for (const int i : {3, 0, 4, 1, 2}) {
        gallery->add("same " + std::to_string(i), row * (i + 1), 0.5f);
        for (int j = 0; j < 1200; ++j, ++other) gallery->add(personName(other), others.row(other), 1);
    }
    for (const int k : {1, 2, 3, 5}) {
        const Found found = search(*gallery, row * 3, k);
        for (int i = 0; i < k; ++i) {
            EXPECT_EQ(found.names[static_cast<size_t>(i)], "same " + std::to_string(i)) << "of " << k;
            EXPECT_EQ(found.similarities.at<float>(i), 1);
        }
    }
}

TEST(GallerySearch, AGalleryOfTwins) {
    const auto gallery = galleryOf(cv::repeat(randomRows(1, 16, 10), 5000, 1));
    const Found found = search(*gallery, randomRows(1, 16, 11), 7);
    for (int i = 0; i < 7; ++i) EXPECT_EQ(found.names[static_cast<size_t>(i)], personName(i));
}

TEST(GallerySearch, WhereThereAreFewerPeople) {
    const Mat rows = randomRows(3, 8, 12);
    const auto gallery = galleryOf(rows);
    const Found found = search(*gallery, randomRows(2, 8, 13), 10);
    EXPECT_EQ(found.similarities.size(), cv::Size(3, 2));
    EXPECT_EQ(found.names.size(), 6u);
    const Found all = search(*gallery, rows.row(0), std::numeric_limits<int>::max());
    EXPECT_EQ(all.names.size(), 3u);
    EXPECT_EQ(all.names[0], personName(0));

    const auto one = galleryOf(rows.rowRange(0, 1));
    EXPECT_EQ(search(*one, rows.row(1), 5).names, std::vector<cv::String>{personName(0)});
    EXPECT_EQ(search(*one, -rows.row(0), 1).similarities.at<float>(0), -1);

    const auto nobody = Gallery::createEmpty(8, "tiny");
    Found none;
    none.names = {"left over"};
    none.similarities = Mat::ones(1, 1, CV_32F);
    nobody->search(rows, 5, none.names, none.similarities);
    EXPECT_TRUE(none.names.empty());
    EXPECT_TRUE(none.similarities.empty());
}

TEST(GallerySearch, SimilaritiesAreCosines) {
    const auto gallery = galleryOf(randomRows(200, 8, 14));
    for (int i = 0; i < 200; ++i) {
        const Mat self = drgan_test::personOf(*gallery, personName(i)).embedding;
        const Found found = search(*gallery, self, 200);
        double low, high;
        cv::minMaxLoc(found.similarities, &low, &high);
        ASSERT_LE(high, 1);
        ASSERT_GE(low, -1);
        ASSERT_EQ(found.names[0], personName(i));
        ASSERT_EQ(found.similarities.at<float>(0), 1);
    }
}

TEST(GallerySearch, ShapesOfQueries) {
    const Mat rows = randomRows(50, 8, 15);
    const auto gallery = galleryOf(rows);
    const Found expected = search(*gallery, rows.row(7), 3);
    EXPECT_EQ(search(*gallery, rows.row(7).t(), 3).names, expected.names);
    const Mat columns = rows.t();
    EXPECT_EQ(search(*gallery, columns.col(7), 3).names, expected.names);  // not continuous
    const auto ofOne = galleryOf(randomRows(5, 1, 15));                    // a column is n embeddings then
    EXPECT_EQ(search(*ofOne, randomRows(4, 1, 16), 2).similarities.size(), cv::Size(2, 4));
}

TEST(GallerySearch, LeavesItsInputAloneAndMayWriteOverIt) {
    const Mat rows = randomRows(50, 8, 16);
    const auto gallery = galleryOf(rows);
    Mat queries = rows.rowRange(3, 6).clone();
    const Found found = search(*gallery, queries, 2);
    EXPECT_EQ(cv::norm(queries, rows.rowRange(3, 6), cv::NORM_INF), 0);
    std::vector<cv::String> names;
    gallery->search(queries, 2, names, queries);
    EXPECT_EQ(names, found.names);
    EXPECT_EQ(cv::norm(queries, found.similarities, cv::NORM_INF), 0);
    gallery->search(rows.row(0), 2, names, cv::noArray());
    EXPECT_EQ(names.size(), 2u);
}

TEST(GallerySearch, TheLengthOfAQueryDoesNotCount) {
    const auto gallery = galleryOf(randomRows(500, 8, 17));
    const Mat query = randomRows(1, 8, 18);
    const Found expected = search(*gallery, query, 5);
    for (const double scale : {1e-38, 1e-20, 1e20, 1e37}) {
        EXPECT_EQ(search(*gallery, query * scale, 5).names, expected.names) << scale;
    }
}

TEST(GallerySearch, RefusesBadInput) {
    const auto gallery = galleryOf(randomRows(5, 4, 19));
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const Mat good = randomRows(2, 4, 20);
    const std::pair<Mat, std::vector<std::string>> cases[] = {
        {Mat(), {"embeddings", "empty", "4 columns"}},
        {Mat(2, 4, CV_64F, cv::Scalar(1)), {"embeddings", "CV_64F"}},
        {Mat(2, 4, CV_32FC3, cv::Scalar(1)), {"embeddings", "CV_32FC3"}},
        {Mat(2, 5, CV_32F, cv::Scalar(1)), {"embeddings", "5 columns", "expected 4"}},
        {Mat(5, 1, CV_32F, cv::Scalar(1)), {"embeddings", "5 rows", "expected 4"}},
        {(cv::Mat_<float>(2, 4) << 1, 2, 3, 4, 0, 0, 0, 0), {"embeddings", "row 1", "zeros"}},
        {(cv::Mat_<float>(2, 4) << 1, nan, 3, 4, 1, 1, 1, 1), {"embeddings", "row 0", "NaN"}},
    };
    for (const auto& [embeddings, parts] : cases) {
        expectError([&, e = embeddings] { search(*gallery, e, 1); }, parts);
    }
    expectError([&] { search(*gallery, good, 0); }, {"k", "0", "at least 1"});
    expectError([&] { search(*gallery, good, -1); }, {"k", "-1"});
    expectError([&] { search(*Gallery::createEmpty(4, "tiny"), good, 0); }, {"k", "0"});
}

TEST(GallerySearch, GoesOnWhileOthersAddAndRemove) {
#ifdef __SANITIZE_THREAD__
    cv::setNumThreads(1);  // OpenCV's pool is not instrumented: its hand-overs look like races
#endif
    const Mat rows = randomRows(1500, 32, 21);
    const auto gallery = galleryOf(rows.rowRange(0, 500));
    std::atomic<bool> done{false};
    std::atomic<int> searches{0};
    std::vector<std::thread> searchers;
    for (int t = 0; t < 3; ++t) {
        searchers.emplace_back([&, t] {
            for (int i = t; !done; i = (i + 1) % 500) {  // the first 500 stay
                const Found found = search(*gallery, rows.row(i), 1);
                ASSERT_EQ(found.names.at(0), personName(i));
                ASSERT_TRUE(gallery->contains(personName(i)));
                ++searches;
            }
        });
    }
    // Readers that never all let go must not keep this thread waiting for ever.
    while (searches < 10) std::this_thread::yield();
    for (int i = 500; i < rows.rows; ++i) {
        gallery->add(personName(i), rows.row(i), 0.5f);
        if (i % 2 == 0) {
            ASSERT_TRUE(gallery->remove(personName(i)));
        }
    }
    done = true;
    for (std::thread& thread : searchers) thread.join();
    EXPECT_EQ(gallery->size(), 1000);
}
