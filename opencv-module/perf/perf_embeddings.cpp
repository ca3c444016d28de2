// SPDX-License-Identifier: Apache-2.0
//
// Embeddings: made, fused, drawn.
#include "perf_precomp.hpp"

namespace opencv_test {
namespace {

PERF_TEST(Encoder, feature) {
    const cv::Mat face = alignedFaces(1)[0];
    cv::Mat embedding;
    float confidence = 0;
    TEST_CYCLE() { models().encoder->feature(face, embedding, confidence); }
    CV_CheckGT(confidence, 0.f, "a face has a confidence");
    SANITY_CHECK_NOTHING();
}

PERF_TEST(Encoder, features_8) {
    const std::vector<cv::Mat> faces = alignedFaces(8);
    cv::Mat embeddings, confidences;
    TEST_CYCLE() { models().encoder->features(faces, embeddings, confidences); }
    CV_CheckEQ(embeddings.rows, 8, "a row for each face");
    SANITY_CHECK_NOTHING();
}

PERF_TEST(Decoder, frontalize) {
    cv::Mat embedding, front;
    float confidence = 0;
    models().encoder->feature(alignedFaces(1)[0], embedding, confidence);
    TEST_CYCLE() { models().decoder->frontalize(embedding, front); }
    CV_CheckEQ(front.rows, models().decoder->imageSize(), "a picture of the model's size");
    SANITY_CHECK_NOTHING();
}

typedef perf::TestBaseWithParam<int> Fusion;

PERF_TEST_P(Fusion, fuse, testing::Values(2, 8, 64)) {
    cv::Mat embeddings(GetParam(), 512, CV_32F), confidences(GetParam(), 1, CV_32F), fused;
    cv::RNG random(1);
    random.fill(embeddings, cv::RNG::NORMAL, 0, 1);
    random.fill(confidences, cv::RNG::UNIFORM, 0.1, 0.9);
    TEST_CYCLE() { cv::drgan::fuse(embeddings, confidences, fused); }
    CV_CheckEQ(fused.cols, 512, "as long as an embedding");
    SANITY_CHECK_NOTHING();
}

}  // namespace
}  // namespace opencv_test
