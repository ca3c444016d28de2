// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <limits>
#include <opencv2/dnn.hpp>
#include <opencv2/drgan.hpp>

#include "expect_error.hpp"
#include "tiny_onnx.hpp"

using cv::Mat;
using cv::drgan::Decoder;
using cv::drgan::Encoder;
using drgan_test::expectError;
using drgan_test::tinyDecoder;
using drgan_test::tinyEncoder;
using drgan_test::TinyOptions;

namespace {

constexpr int S = 16;
constexpr int Nf = 8;

Mat row(std::initializer_list<float> values) { return Mat(std::vector<float>(values), true).reshape(1, 1); }

double difference(const Mat& a, const Mat& b) { return cv::norm(a, b, cv::NORM_INF); }

}  // namespace

TEST(Decoder, TellsWhatItsMetadataSays) {
    TinyOptions options;
    options.poseYaws = {0, 90};
    options.noiseSize = 50;
    const auto decoder = Decoder::create(tinyDecoder(options));
    EXPECT_EQ(decoder->poses(), (std::vector<float>{0, 90}));
    EXPECT_EQ(decoder->noiseSize(), 50);
    EXPECT_EQ(decoder->imageSize(), S);
    EXPECT_EQ(decoder->embeddingSize(), Nf);
    EXPECT_EQ(decoder->bundleId(), "tiny");
}

TEST(Decoder, OneWhoseBatchAxisHasANameIsReadToo) {
    TinyOptions older;
    older.namedBatch = true;
    const auto decoder = Decoder::create(tinyDecoder()), named = Decoder::create(tinyDecoder(older));
    const Mat embedding = row({1, -2, 3, -1, 0.5f, 0, 1, 2});
    Mat face, same;
    decoder->rotate(embedding, 45, face);
    named->clone()->rotate(embedding, 45, same);
    EXPECT_EQ(cv::norm(face, same, cv::NORM_INF), 0);
}

TEST(Decoder, DrawsTheNetworksOutputAsBgr) {
    const auto decoder = Decoder::create(tinyDecoder());
    const Mat embedding = row({1, -2, 3, -1, 0.5f, 0, 1, 2});
    Mat face;
    decoder->rotate(embedding, 45, face);
    ASSERT_EQ(face.size(), cv::Size(S, S));
    ASSERT_EQ(face.type(), CV_8UC3);

    const std::vector<uchar> bytes = tinyDecoder();
    cv::dnn::Net net = cv::dnn::readNetFromONNX(bytes);
    net.setInput(embedding, "embedding");
    net.setInput(row({0, 0, 0, 1, 0}), "pose");
    net.setInput(Mat::zeros(1, 4, CV_32F), "noise");
    const Mat blob = net.forward("face");
    const int shape[] = {3, S * S};
    const Mat planes = blob.reshape(1, 2, shape);
    for (int i = 0; i < S * S; ++i) {
        for (int c = 0; c < 3; ++c) {
            const float expected = (planes.at<float>(2 - c, i) + 1) * 127.5f;
            EXPECT_NEAR(face.at<cv::Vec3b>(i / S, i % S)[c], expected, 0.51);
        }
    }
}

TEST(Decoder, DependsOnEmbeddingPoseAndNoise) {
    const auto decoder = Decoder::create(tinyDecoder());
    const Mat embedding = row({1, -2, 3, -1, 0.5f, 0, 1, 2});
    Mat base, other;
    decoder->rotate(embedding, 0, base);
    decoder->rotate(Mat(embedding * 0.5), 0, other);
    EXPECT_GT(difference(base, other), 0);
    decoder->rotate(embedding, 45, other);
    EXPECT_GT(difference(base, other), 0);
    decoder->rotate(embedding, 0, other, row({1, -1, 0.5f, 0}));
    EXPECT_GT(difference(base, other), 0);
    decoder->rotate(embedding, 0, other, row({0, 0, 0, 0}));
    EXPECT_EQ(difference(base, other), 0);
    decoder->frontalize(embedding.t(), other);
    EXPECT_EQ(difference(base, other), 0);
}

TEST(Decoder, MixesTheCodesOfTwoPoses) {
    const auto decoder = Decoder::create(tinyDecoder());  // -90 -45 0 45 90
    const Mat embedding = row({1, -2, 3, -1, 0.5f, 0, 1, 2});
    cv::dnn::Net net = cv::dnn::readNetFromONNX(tinyDecoder());
    const std::pair<float, Mat> cases[] = {{18, row({0, 0, 0.6f, 0.4f, 0})}, {-81, row({0.8f, 0.2f, 0, 0, 0})},
                                           {45, row({0, 0, 0, 1, 0})},       {-90, row({1, 0, 0, 0, 0})},
                                           {-100, row({1, 0, 0, 0, 0})},     {112, row({0, 0, 0, 0, 1})}};
    for (const auto& [yaw, pose] : cases) {
        Mat face;
        decoder->rotate(embedding, yaw, face);
        net.setInput(embedding, "embedding");
        net.setInput(pose, "pose");
        net.setInput(Mat::zeros(1, 4, CV_32F), "noise");
        const Mat blob = net.forward("face");
        for (int c = 0; c < 3; ++c) {
            Mat expected, channel;
            Mat(S, S, CV_32F, const_cast<float*>(blob.ptr<float>(0, 2 - c))).convertTo(expected, CV_8U, 127.5, 127.5);
            cv::extractChannel(face, channel, c);
            EXPECT_LE(difference(channel, expected), 1) << yaw;
        }
    }
    Mat face;
    for (const float yaw : {113.f, -113.f, std::numeric_limits<float>::quiet_NaN()}) {
        expectError([&] { decoder->rotate(embedding, yaw, face); }, {"yawDegrees", "-112.5 to 112.5"});
    }
}

TEST(Decoder, FrontalizesWithAnAppearance) {
    const auto decoder = Decoder::create(tinyDecoder());
    const Mat embedding = row({1, -2, 3, -1, 0.5f, 0, 1, 2}), appearance = row({1, -1, 0.5f, 0});
    Mat face, same;
    decoder->frontalize(embedding, face, appearance);
    decoder->rotate(embedding, 0, same, appearance);
    EXPECT_EQ(difference(face, same), 0);
    decoder->frontalize(embedding, same);
    EXPECT_GT(difference(face, same), 0);
}

TEST(Decoder, OutputsAreTheCallersOwn) {
    const auto decoder = Decoder::create(tinyDecoder());
    Mat first, second;
    decoder->frontalize(row({1, -2, 3, -1, 0.5f, 0, 1, 2}), first);
    const Mat kept = first.clone();
    decoder->frontalize(row({-1, 2, -3, 1, 0.5f, 0, 1, 2}), second);
    EXPECT_EQ(difference(first, kept), 0);
    EXPECT_GT(difference(first, second), 0);
}

TEST(Decoder, RefusesBadInput) {
    const auto decoder = Decoder::create(tinyDecoder());
    const Mat embedding = row({1, -2, 3, -1, 0.5f, 0, 1, 2});
    Mat face;
    expectError([&] { decoder->frontalize(row({1, 2}), face); }, {"embedding", "2 values", "8"});
    expectError([&] { decoder->frontalize(Mat(), face); }, {"embedding", "empty"});
    expectError([&] { decoder->rotate(embedding, 0, face, row({1, 1})); }, {"noise", "2 values", "4"});
    expectError([&] { decoder->rotate(embedding, 0, face, row({0, 0, 0, 1.5f})); }, {"noise", "-1..1"});
}

TEST(Decoder, OnlyGoesWithTheEncoderOfItsBundle) {
    const auto encoder = Encoder::create(tinyEncoder());
    EXPECT_NO_THROW(Decoder::create(tinyDecoder(), encoder));
    TinyOptions other;
    other.bundleId = "other";
    expectError([&] { Decoder::create(tinyDecoder(other), encoder); }, {"drgan.bundle_id", "\"other\"", "\"tiny\""});
    TinyOptions wider;
    wider.embeddingSize = 9;
    expectError([&] { Decoder::create(tinyDecoder(wider), encoder); }, {"drgan.embedding_size", "9", "8"});
}
