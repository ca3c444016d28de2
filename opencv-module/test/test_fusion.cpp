// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <limits>
#include <opencv2/drgan.hpp>

#include "expect_error.hpp"

using cv::Mat;
using cv::drgan::fuse;
using cv::drgan::Template;
using drgan_test::expectError;

namespace {

Mat randomRows(int n, int length, double low, double high, unsigned seed) {
    Mat rows(n, length, CV_32F);
    cv::RNG random(seed);
    random.fill(rows, cv::RNG::UNIFORM, low, high);
    return rows;
}

double difference(const Mat& a, const Mat& b) { return cv::norm(a, b, cv::NORM_INF); }

}  // namespace

TEST(Fuse, IsTheWeightedMean) {
    const Mat embeddings = (cv::Mat_<float>(2, 3) << 1, 2, 3, 5, 6, -7);
    const Mat confidences = (cv::Mat_<float>(2, 1) << 0.25f, 0.75f);
    Mat fused;
    fuse(embeddings, confidences, fused);
    ASSERT_EQ(fused.size(), cv::Size(3, 1));
    ASSERT_EQ(fused.type(), CV_32F);
    EXPECT_FLOAT_EQ(fused.at<float>(0), 4);
    EXPECT_FLOAT_EQ(fused.at<float>(1), 5);
    EXPECT_FLOAT_EQ(fused.at<float>(2), -4.5f);
}

TEST(Fuse, OneEmbeddingIsItself) {
    const Mat embedding = randomRows(1, 64, -3, 3, 1);
    for (const float confidence : {1.f, 0.3f, 1e-30f, 0.f}) {
        Mat fused;
        fuse(embedding, Mat(1, 1, CV_32F, cv::Scalar(confidence)), fused);
        EXPECT_EQ(difference(fused, embedding), 0) << confidence;
    }
}

TEST(Fuse, DoesNotChangeWhenAllConfidencesAreScaled) {
    const Mat embeddings = randomRows(7, 32, -2, 2, 2);
    const Mat confidences = randomRows(7, 1, 0.1, 1, 3);
    Mat expected, fused;
    fuse(embeddings, confidences, expected);
    for (const double scale : {1e-6, 0.5, 3.0, 1e6}) {
        fuse(embeddings, Mat(confidences * scale), fused);
        EXPECT_LT(difference(fused, expected), 1e-6) << scale;
    }
}

TEST(Fuse, DoesNotDependOnTheOrder) {
    const Mat embeddings = randomRows(5, 32, -2, 2, 4);
    const Mat confidences = randomRows(5, 1, 0.1, 1, 5);
    Mat expected, fused, rows, weights;
    fuse(embeddings, confidences, expected);
    for (const int i : {3, 0, 4, 2, 1}) {
        rows.push_back(embeddings.row(i));
        weights.push_back(confidences.row(i));
    }
    fuse(rows, weights, fused);
    EXPECT_LT(difference(fused, expected), 1e-6);
}

TEST(Fuse, VanishingConfidencesGiveTheMean) {
    const Mat embeddings = (cv::Mat_<float>(2, 2) << 1, 2, 3, 6);
    Mat fused;
    fuse(embeddings, Mat::zeros(2, 1, CV_32F), fused);
    EXPECT_EQ(difference(fused, (cv::Mat_<float>(1, 2) << 2, 4)), 0);
    for (const float tiny : {1e-45f, 1e-38f, 1e-20f}) {
        fuse(embeddings, Mat(2, 1, CV_32F, cv::Scalar(tiny)), fused);
        EXPECT_LT(difference(fused, (cv::Mat_<float>(1, 2) << 2, 4)), 1e-6) << tiny;
    }
}

TEST(Fuse, ADominatingConfidenceWins) {
    const Mat embeddings = randomRows(4, 16, -2, 2, 6);
    Mat fused;
    fuse(embeddings, Mat((cv::Mat_<float>(1, 4) << 0, 0, 1, 0)), fused);  // a row of confidences is accepted
    EXPECT_EQ(difference(fused, embeddings.row(2)), 0);
    fuse(embeddings, Mat((cv::Mat_<float>(1, 4) << 1e-9f, 1e-9f, 1, 1e-9f)), fused);
    EXPECT_LT(difference(fused, embeddings.row(2)), 1e-6);
}

TEST(Fuse, LeavesItsInputsAlone) {
    const Mat embeddings = randomRows(4, 16, -2, 2, 7);
    const Mat confidences = randomRows(4, 1, 0, 1, 8);
    const Mat before = embeddings.clone(), weightsBefore = confidences.clone();
    Mat fused;
    fuse(embeddings, confidences, fused);
    fused.setTo(99);
    EXPECT_EQ(difference(embeddings, before), 0);
    EXPECT_EQ(difference(confidences, weightsBefore), 0);
}

TEST(Fuse, RefusesBadInput) {
    const Mat embeddings = randomRows(3, 4, -1, 1, 9);
    const Mat ones = Mat::ones(3, 1, CV_32F);
    Mat fused;
    expectError([&] { fuse(Mat(), ones, fused); }, {"embeddings", "empty"});
    expectError([&] { fuse(Mat(3, 4, CV_64F, cv::Scalar(1)), ones, fused); }, {"embeddings", "CV_64F", "CV_32F"});
    expectError([&] { fuse(embeddings, Mat(), fused); }, {"confidences", "empty"});
    expectError([&] { fuse(embeddings, Mat::ones(2, 1, CV_32F), fused); }, {"confidences", "2", "3"});
    expectError([&] { fuse(embeddings, Mat::ones(3, 2, CV_32F), fused); }, {"confidences", "2 columns"});
    expectError([&] { fuse(embeddings, Mat::ones(3, 1, CV_64F), fused); }, {"confidences", "CV_64F"});
    for (const float bad : {-0.1f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        Mat weights = ones.clone();
        weights.at<float>(1) = bad;
        expectError([&] { fuse(embeddings, weights, fused); }, {"confidence", ">= 0"});
    }
    Mat broken = embeddings.clone();
    broken.at<float>(2, 1) = std::numeric_limits<float>::quiet_NaN();
    expectError([&] { fuse(broken, ones, fused); }, {"embedding", "NaN"});
}

TEST(Template, EqualsFuse) {
    const Mat embeddings = randomRows(50, 16, -2, 2, 10);
    const Mat confidences = randomRows(50, 1, 0, 1, 11);
    Template running;
    double total = 0;
    for (int i = 0; i < embeddings.rows; ++i) {
        running.add(embeddings.row(i), confidences.at<float>(i));
        total += confidences.at<float>(i);
        Mat expected, fused;
        fuse(embeddings.rowRange(0, i + 1), confidences.rowRange(0, i + 1), expected);
        running.fused(fused);
        ASSERT_EQ(difference(fused, expected), 0);
        ASSERT_EQ(running.size(), i + 1);
        ASSERT_DOUBLE_EQ(running.totalConfidence(), total);
    }
}

TEST(Template, CopiesAndResultsAreApart) {
    Template first;
    first.add(Mat::ones(1, 4, CV_32F), 1);
    Template second = first;
    second.add(Mat(Mat::ones(1, 4, CV_32F) * 3), 1);
    Mat a, b, again;
    first.fused(a);
    second.fused(b);
    EXPECT_EQ(a.at<float>(0), 1);
    EXPECT_EQ(b.at<float>(0), 2);
    a.setTo(77);
    first.fused(again);
    EXPECT_EQ(again.at<float>(0), 1);
    EXPECT_EQ(a.at<float>(0), 77);
}

TEST(Template, ResetForgetsEvenTheLength) {
    Template t;
    t.add(Mat::ones(1, 4, CV_32F), 0.5f);
    t.reset();
    EXPECT_EQ(t.size(), 0);
    EXPECT_EQ(t.totalConfidence(), 0);
    Mat fused;
    expectError([&] { t.fused(fused); }, {"no embedding"});
    t.add(Mat::ones(6, 1, CV_32F), 0.5f);  // a column is accepted
    t.fused(fused);
    EXPECT_EQ(fused.size(), cv::Size(6, 1));
}

TEST(Template, ARefusedEmbeddingChangesNothing) {
    Template t;
    t.add(Mat::ones(1, 4, CV_32F), 0.5f);
    expectError([&] { t.add(Mat::ones(1, 5, CV_32F), 1); }, {"5", "4"});
    expectError([&] { t.add(Mat::ones(2, 2, CV_32F), 1); }, {"2 rows"});
    expectError([&] { t.add(Mat::ones(1, 4, CV_32F), -1); }, {"confidence", "-1"});
    EXPECT_EQ(t.size(), 1);
    EXPECT_EQ(t.totalConfidence(), 0.5);
}
