// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <opencv2/dnn.hpp>
#include <opencv2/drgan.hpp>
#include <opencv2/drgan/model_contract.hpp>
#include <opencv2/imgproc.hpp>
#include <thread>

#include "expect_error.hpp"
#include "pictures.hpp"
#include "tiny_onnx.hpp"

using cv::Mat;
using cv::drgan::Bundle;
using cv::drgan::Decoder;
using cv::drgan::Encoder;
using drgan_test::expectError;
using drgan_test::noisePicture;
using drgan_test::tinyEncoder;
using drgan_test::TinyOptions;

namespace {

constexpr int S = 16;
constexpr int Nf = 8;

Mat embed(Encoder& encoder, const Mat& picture, float* confidence = nullptr) {
    Mat embedding;
    float unused = 0;
    encoder.feature(picture, embedding, confidence ? *confidence : unused);
    return embedding;
}

Mat row(std::initializer_list<float> values) { return Mat(std::vector<float>(values), true).reshape(1, 1); }

double difference(const Mat& a, const Mat& b) { return cv::norm(a, b, cv::NORM_INF); }

}  // namespace

TEST(Encoder, TellsWhatItsMetadataSays) {
    TinyOptions options;
    options.imageSize = 32;
    options.embeddingSize = 12;
    options.bundleId = "another";
    options.alignEyes[1] = 0.4f;
    options.alignEyeMouth = 0.3f;
    const auto encoder = Encoder::create(tinyEncoder(options));
    EXPECT_EQ(encoder->embeddingSize(), 12);
    EXPECT_EQ(encoder->bundleId(), "another");
    EXPECT_EQ(encoder->alignment().size, 32);
    EXPECT_FLOAT_EQ(encoder->alignment().eyes.x, 0.5f);
    EXPECT_FLOAT_EQ(encoder->alignment().eyes.y, 0.4f);
    EXPECT_FLOAT_EQ(encoder->alignment().eyeMouth, 0.3f);
}

TEST(Encoder, GivesAnEmbeddingAndAConfidenceThatDependOnThePicture) {
    const auto encoder = Encoder::create(tinyEncoder());
    float first = 0, second = 0;
    const Mat a = embed(*encoder, noisePicture({S, S}, CV_8UC3, 1), &first);
    const Mat b = embed(*encoder, noisePicture({S, S}, CV_8UC3, 2), &second);
    ASSERT_EQ(a.size(), cv::Size(Nf, 1));
    ASSERT_EQ(a.type(), CV_32F);
    EXPECT_GT(difference(a, b), 1e-3);
    EXPECT_NE(first, second);
    for (const float c : {first, second}) {
        EXPECT_GT(c, 0);
        EXPECT_LT(c, 1);
    }
}

TEST(Encoder, BatchAndSingleGiveTheSameNumbers) {
    const auto encoder = Encoder::create(tinyEncoder());
    std::vector<Mat> pictures;
    for (unsigned i = 0; i < 5; ++i) pictures.push_back(noisePicture({S, S}, CV_8UC3, i));
    // The batch size changes back and forth: cv::dnn allocates again each time.
    for (int round = 0; round < 3; ++round) {
        Mat embeddings, confidences;
        encoder->features(pictures, embeddings, confidences);
        ASSERT_EQ(embeddings.size(), cv::Size(Nf, 5));
        ASSERT_EQ(confidences.size(), cv::Size(1, 5));
        ASSERT_EQ(embeddings.type(), CV_32F);
        ASSERT_EQ(confidences.type(), CV_32F);
        for (int i = 0; i < 5; ++i) {
            float confidence = 0;
            const Mat embedding = embed(*encoder, pictures[i], &confidence);
            EXPECT_LT(difference(embedding, embeddings.row(i)), 1e-5);
            EXPECT_NEAR(confidence, confidences.at<float>(i), 1e-6);
        }
    }
}

TEST(Encoder, GivesAnAppearanceBesideTheEmbedding) {
    TinyOptions options;
    options.withAppearance = true;
    const auto encoder = Encoder::create(tinyEncoder(options)), clone = encoder->clone();
    EXPECT_EQ(encoder->appearanceSize(), options.noiseSize);
    const std::vector<Mat> pictures{noisePicture({S, S}, CV_8UC3, 1), Mat(S, S, CV_8UC3, cv::Scalar(20, 90, 200))};
    Mat embeddings, confidences, appearances;
    encoder->featuresAndAppearances(pictures, embeddings, confidences, appearances);
    ASSERT_EQ(appearances.size(), cv::Size(options.noiseSize, 2));
    EXPECT_TRUE(cv::checkRange(appearances, true, nullptr, -1, 1.001));
    EXPECT_GT(difference(appearances.row(0), appearances.row(1)), 1e-3);
    Mat sameEmbeddings, sameConfidences, one;
    clone->features(pictures, sameEmbeddings, sameConfidences);
    EXPECT_EQ(difference(embeddings, sameEmbeddings), 0);
    EXPECT_EQ(difference(confidences, sameConfidences), 0);
    clone->appearance(pictures[1], one);
    EXPECT_LT(difference(one, appearances.row(1)), 1e-5);
}

TEST(Encoder, GivesNoAppearanceWithoutOne) {
    const auto encoder = Encoder::create(tinyEncoder());
    EXPECT_EQ(encoder->appearanceSize(), 0);
    const Mat picture = noisePicture({S, S}, CV_8UC3, 1);
    Mat embeddings, confidences, appearance = row({1, 2});
    encoder->appearance(picture, appearance);
    EXPECT_TRUE(appearance.empty());
    appearance = row({1, 2});
    encoder->featuresAndAppearances(std::vector<Mat>{picture}, embeddings, confidences, appearance);
    EXPECT_TRUE(appearance.empty());
    EXPECT_EQ(difference(embeddings, embed(*encoder, picture)), 0);
    expectError([&] { encoder->appearance(Mat(), appearance); }, {"aligned picture 0", "empty"});
}

TEST(Encoder, ChecksTheAppearanceThatItsMetadataPromises) {
    TinyOptions wrong;
    wrong.metadata["drgan.appearance_size"] = "4";
    expectError([&] { Encoder::create(tinyEncoder(wrong)); }, {"output \"appearance\"", "missing"});
    wrong.withAppearance = true;
    wrong.metadata["drgan.appearance_size"] = "5";
    expectError([&] { Encoder::create(tinyEncoder(wrong)); }, {"output \"appearance\"", "5"});
}

TEST(Encoder, ReadsBgrAndPutsRgbInRange) {
    // Grey, BGR and BGRA of the same grey values agree; swapping blue and red does not.
    const auto encoder = Encoder::create(tinyEncoder());
    const Mat grey = noisePicture({S, S}, CV_8UC1, 3);
    Mat bgr, bgra, swapped;
    cv::cvtColor(grey, bgr, cv::COLOR_GRAY2BGR);
    cv::cvtColor(grey, bgra, cv::COLOR_GRAY2BGRA);
    const Mat expected = embed(*encoder, bgr);
    EXPECT_EQ(difference(embed(*encoder, grey), expected), 0);
    EXPECT_EQ(difference(embed(*encoder, bgra), expected), 0);

    const Mat color = noisePicture({S, S}, CV_8UC3, 4);
    cv::cvtColor(color, swapped, cv::COLOR_BGR2RGB);
    EXPECT_GT(difference(embed(*encoder, color), embed(*encoder, swapped)), 1e-3);

    // The same network run directly by cv::dnn on a blob that OpenCV makes.
    const std::vector<uchar> bytes = tinyEncoder();
    cv::dnn::Net net = cv::dnn::readNetFromONNX(bytes);
    net.setInput(cv::dnn::blobFromImage(color, 1 / 127.5, cv::Size(), cv::Scalar::all(127.5), true));
    EXPECT_LT(difference(net.forward("embedding"), embed(*encoder, color)), 1e-5);
}

TEST(Encoder, PixelRangeComesFromTheMetadata) {
    TinyOptions options;
    options.metadata[cv::drgan::contract::keyPixelRange] = "0,1";
    const auto other = Encoder::create(tinyEncoder(options));
    const auto standard = Encoder::create(tinyEncoder());
    const Mat picture = noisePicture({S, S}, CV_8UC3, 4);
    EXPECT_GT(difference(embed(*other, picture), embed(*standard, picture)), 1e-3);
    // Byte 255 is the upper end of the ranges 0..1 and -1..1.
    const Mat white(S, S, CV_8UC3, cv::Scalar::all(255));
    EXPECT_LT(difference(embed(*other, white), embed(*standard, white)), 1e-5);
}

TEST(Encoder, OutputsAreTheCallersOwn) {
    const auto encoder = Encoder::create(tinyEncoder());
    Mat first, second;
    float confidence = 0;
    encoder->feature(noisePicture({S, S}, CV_8UC3, 1), first, confidence);
    const Mat kept = first.clone();
    encoder->feature(noisePicture({S, S}, CV_8UC3, 2), second, confidence);
    EXPECT_EQ(difference(first, kept), 0);
    second.setTo(99);
    EXPECT_EQ(difference(embed(*encoder, noisePicture({S, S}, CV_8UC3, 1)), kept), 0);
}

TEST(Encoder, TakesPartOfALargerPicture) {
    const auto encoder = Encoder::create(tinyEncoder());
    const Mat large = noisePicture({50, 40}, CV_8UC3, 5);
    const Mat part = large(cv::Rect(7, 9, S, S));
    EXPECT_EQ(difference(embed(*encoder, part), embed(*encoder, part.clone())), 0);
}

TEST(Encoder, AlignsAsTheFreeFunctionDoes) {
    const auto encoder = Encoder::create(tinyEncoder());
    const drgan_test::DrawnFace face = drgan_test::drawFace({320, 240}, {150, 120}, 120, 8);
    Mat a, b;
    encoder->alignCrop(face.picture, face.landmarks, a);
    cv::drgan::alignCrop(face.picture, face.landmarks, b, encoder->alignment());
    EXPECT_EQ(a.size(), cv::Size(S, S));
    EXPECT_EQ(difference(a, b), 0);
}

TEST(Encoder, RefusesOtherPictures) {
    const auto encoder = Encoder::create(tinyEncoder());
    const auto refuse = [&](const Mat& picture, const std::vector<std::string>& parts) {
        expectError([&] { embed(*encoder, picture); }, parts);
    };
    refuse(Mat(), {"aligned", "empty", "16"});
    refuse(Mat(17, 16, CV_8UC3, cv::Scalar::all(0)), {"17 rows x 16 columns", "16 rows x 16 columns", "alignCrop"});
    refuse(Mat(16, 16, CV_32FC3, cv::Scalar::all(0)), {"CV_32FC3", "8 bits"});
    refuse(Mat(16, 16, CV_8UC2, cv::Scalar::all(0)), {"CV_8UC2"});
    Mat embeddings, confidences;
    expectError([&] { encoder->features(std::vector<Mat>(), embeddings, confidences); }, {"no picture"});
    const std::vector<Mat> second = {Mat(16, 16, CV_8UC3, cv::Scalar::all(0)), Mat(8, 8, CV_8UC3)};
    expectError([&] { encoder->features(second, embeddings, confidences); }, {"picture 1", "8 rows"});
}

TEST(Encoder, EachThreadWithItsOwnObject) {
    const Mat picture = noisePicture({S, S}, CV_8UC3, 6);
    const Mat expected = embed(*Encoder::create(tinyEncoder()), picture);
    double worst[4] = {};
    std::vector<std::thread> threads;
    for (double& result : worst) {
        threads.emplace_back([&picture, &expected, &result] {
            const auto encoder = Encoder::create(tinyEncoder());
            for (int i = 0; i < 50; ++i) result = std::max(result, difference(embed(*encoder, picture), expected));
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (const double result : worst) EXPECT_LT(result, 1e-6);
}

TEST(Match, ComparesDirections) {
    const auto encoder = Encoder::create(tinyEncoder());
    const Mat a = row({3, 0, 0, 0, 0, 0, 0, 4});
    const Mat b = row({0, 2, 0, 0, 0, 0, 0, 0});
    EXPECT_NEAR(encoder->match(a, a), 1, 1e-6);
    EXPECT_NEAR(encoder->match(a, Mat(a * 7)), 1, 1e-6);
    EXPECT_NEAR(encoder->match(a, Mat(a * -7)), -1, 1e-6);
    EXPECT_NEAR(encoder->match(a, b), 0, 1e-6);
    EXPECT_NEAR(encoder->match(a, a, Encoder::FR_NORM_L2), 0, 1e-6);
    EXPECT_NEAR(encoder->match(a, b, Encoder::FR_NORM_L2), std::sqrt(2.0), 1e-6);
    EXPECT_NEAR(encoder->match(a, Mat(a * -7), Encoder::FR_NORM_L2), 2, 1e-6);
    EXPECT_NEAR(encoder->match(a, row({1, 0, 0, 0, 0, 0, 0, 0})), 0.6, 1e-6);
    EXPECT_NEAR(encoder->match(a.t(), b), 0, 1e-6);  // a column is accepted
    EXPECT_LE(encoder->match(row({1e-3f, .1f, .7f, .3f, 0, 0, 0, 0}), row({1e-3f, .1f, .7f, .3f, 0, 0, 0, 0})), 1.0);
}

TEST(Match, LeavesItsInputsAlone) {
    const auto encoder = Encoder::create(tinyEncoder());
    const Mat a = row({3, 0, 0, 0, 0, 0, 0, 4}), b = row({1, 2, 3, 4, 5, 6, 7, 8});
    const Mat aBefore = a.clone(), bBefore = b.clone();
    encoder->match(a, b);
    encoder->match(a, b, Encoder::FR_NORM_L2);
    EXPECT_EQ(difference(a, aBefore), 0);
    EXPECT_EQ(difference(b, bBefore), 0);
}

TEST(Match, RefusesBadInput) {
    const auto encoder = Encoder::create(tinyEncoder());
    const Mat good = row({1, 2, 3, 4, 5, 6, 7, 8});
    Mat broken = good.clone();
    broken.at<float>(3) = std::numeric_limits<float>::quiet_NaN();
    expectError([&] { encoder->match(good, row({1, 2, 3})); }, {"b:", "3 values", "8"});
    expectError([&] { encoder->match(Mat(), good); }, {"a:", "empty"});
    expectError([&] { encoder->match(Mat::ones(2, 4, CV_32F), good); }, {"a:", "2 rows"});
    expectError([&] { encoder->match(Mat::ones(1, 8, CV_64F), good); }, {"a:", "CV_64F"});
    expectError([&] { encoder->match(broken, good); }, {"a:", "NaN"});
    expectError([&] { encoder->match(good, Mat::zeros(1, 8, CV_32F)); }, {"b:", "zeros"});
    expectError([&] { encoder->match(good, good, 7); }, {"disType", "7"});
}

TEST(ShippedBundle, Works) {
    const char* folder = std::getenv("DRGAN_BUNDLE");
    if (!folder || !std::ifstream(std::string(folder) + "/manifest.json")) {
        GTEST_SKIP() << "no bundle in the folder that the environment variable DRGAN_BUNDLE names";
    }
    const Bundle bundle = Bundle::load();
    const auto encoder = Encoder::create(bundle.encoder);
    const auto decoder = Decoder::create(bundle.decoder, encoder);
    EXPECT_EQ(encoder->bundleId(), bundle.id);
    EXPECT_EQ(decoder->poses(), bundle.poseYaws);
    std::vector<Mat> pictures;
    for (int person = 0; person < 5; ++person) {
        const auto drawn = drgan_test::drawFace({320, 240}, {150, 120}, 150, 5, person);
        Mat crop;
        encoder->alignCrop(drawn.picture, drawn.landmarks, crop);
        pictures.push_back(crop);
    }
    Mat embeddings, confidences, face;
    encoder->features(pictures, embeddings, confidences);
    for (int i = 0; i < 5; ++i) {
        const Mat single = embed(*encoder, pictures[i]);
        EXPECT_LT(cv::norm(single, embeddings.row(i)), 1e-4 * cv::norm(single));
    }
    decoder->frontalize(embeddings.row(0), face);
    EXPECT_EQ(face.size(), cv::Size(decoder->imageSize(), decoder->imageSize()));
}
