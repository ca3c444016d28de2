// SPDX-License-Identifier: Apache-2.0
//
// Available backends, and that networks give the same results on them as on the CPU.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>
#include <opencv2/drgan.hpp>
#include <opencv2/imgproc.hpp>

#include "expect_error.hpp"
#include "tiny_onnx.hpp"

using cv::Mat;
using cv::drgan::Aligner;
using cv::drgan::Decoder;
using cv::drgan::Detector;
using cv::drgan::Encoder;
using drgan_test::expectError;

namespace {

bool has(const std::string& name) {
    const auto names = cv::drgan::availableBackends();
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// A bundle's models on a backend.
struct Models {
    cv::Ptr<Encoder> encoder;
    cv::Ptr<Decoder> decoder;
    cv::Ptr<Aligner> aligner;
    cv::Ptr<Detector> detector;

    explicit Models(const std::string& backend) {
        int b = 0, t = 0;
        cv::drgan::findBackend(backend, b, t);
        const auto bundle = cv::drgan::Bundle::load();
        encoder = Encoder::create(bundle.encoder, b, t);
        decoder = Decoder::create(bundle.decoder, encoder, b, t);
        aligner = Aligner::create(bundle.aligner, encoder, b, t);
        detector = Detector::create(bundle.detector, encoder, b, t);
    }
};

/// Tolerances of a comparison.
struct Tolerance {
    double embedding;   ///< relative to the norm of the embedding
    double confidence;  ///< also of scores
    double grey;        ///< mean difference of pictures, of 255
    double pixels;      ///< of landmarks and boxes in a face of 160
};

/// Generated people, the same whatever draws them.
std::vector<Mat> people(const Models& cpu) {
    std::vector<Mat> faces;
    for (int i = 0; i < 3; ++i) {
        Mat embedding(1, cpu.encoder->embeddingSize(), CV_32F), face;
        cv::RNG random(static_cast<uint64_t>(i) + 7);
        random.fill(embedding, cv::RNG::NORMAL, 0, 1);
        for (int round = 0; round < 3; ++round) {  // each round looks more like a face
            float confidence = 0;
            cpu.decoder->frontalize(embedding, face);
            cpu.encoder->feature(face, embedding, confidence);
        }
        faces.push_back(face);
    }
    return faces;
}

void expectRowsAlike(const Mat& rows, const Mat& expected, const Tolerance& within) {
    ASSERT_EQ(rows.size(), expected.size());
    ASSERT_GE(rows.rows, 1);
    for (int i = 0; i < rows.rows; ++i) {
        EXPECT_LT(cv::norm(rows.row(i).colRange(0, 14), expected.row(i).colRange(0, 14), cv::NORM_INF), within.pixels);
        EXPECT_NEAR(rows.at<float>(i, 14), expected.at<float>(i, 14), within.confidence);
        if (rows.cols == 16) {
            EXPECT_NEAR(rows.at<float>(i, 15), expected.at<float>(i, 15), within.pixels);  // degrees
        }
    }
}

/// Compares the results of all models of a bundle with those on the CPU.
void sameAsOnTheCpu(const std::string& backend, const Tolerance& within) {
    if (!has(backend)) {
        std::string names;
        for (const auto& name : cv::drgan::availableBackends()) names += " " + name;
        GTEST_SKIP() << "no " << backend << " here, only:" << names;
    }
    const char* folder = std::getenv("DRGAN_BUNDLE");
    if (!folder || !std::ifstream(std::string(folder) + "/manifest.json")) {
        GTEST_SKIP() << "no bundle in the folder that the environment variable DRGAN_BUNDLE names";
    }
    const Models cpu("opencv/cpu"), there(backend);
    const std::vector<Mat> faces = people(cpu);

    Mat expected, weights, embeddings, confidences;
    for (int n = 3; n >= 1; --n) {  // batches of several sizes
        const std::vector<Mat> some(faces.begin(), faces.begin() + n);
        cpu.encoder->features(some, expected, weights);
        there.encoder->features(some, embeddings, confidences);
        ASSERT_EQ(embeddings.size(), expected.size());
        for (int i = 0; i < n; ++i) {
            EXPECT_LT(cv::norm(embeddings.row(i), expected.row(i)), within.embedding * cv::norm(expected.row(i)));
            EXPECT_NEAR(confidences.at<float>(i), weights.at<float>(i), within.confidence);
        }
    }
    for (const float yaw : {-45.F, 0.F, 45.F}) {
        Mat face, drawn;
        cpu.decoder->rotate(expected, yaw, face);
        there.decoder->rotate(expected, yaw, drawn);
        EXPECT_LT(cv::norm(face, drawn, cv::NORM_L1) / static_cast<double>(face.total() * 3), within.grey) << yaw;
    }
    Mat scene(400, 500, CV_8UC3, cv::Scalar::all(90));
    cv::resize(faces[0], scene(cv::Rect(40, 100, 160, 160)), {160, 160});
    cv::resize(faces[1], scene(cv::Rect(290, 130, 160, 160)), {160, 160});
    Mat found, rows;
    cpu.detector->detect(scene, expected);
    there.detector->detect(scene, found);
    expectRowsAlike(found, expected, within);
    for (const int passes : {1, 3}) {
        cpu.aligner->align(scene, expected, rows, passes);
        there.aligner->align(scene, expected, found, passes);
        expectRowsAlike(found, rows, within);
    }
}

// Single precision adds in another order; half precision has eleven bits.
constexpr Tolerance single{1e-3, 1e-3, 0.1, 0.1}, half{0.02, 0.02, 2, 2};

}  // namespace

TEST(Backend, NamesAreThoseOfThePairs) {
    EXPECT_TRUE(has("opencv/cpu"));
    const auto all = cv::dnn::getAvailableBackends();
    for (const std::string& name : cv::drgan::availableBackends()) {
        int b = 0, t = -1;
        cv::drgan::findBackend(name, b, t);
        EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const auto& p) { return p.first == b && p.second == t; }))
            << name;
        EXPECT_NO_THROW(Encoder::create(drgan_test::tinyEncoder(), b, t)) << name;
    }
    int b = 0, t = -1;
    cv::drgan::findBackend("opencv/cpu", b, t);
    EXPECT_EQ(b, cv::dnn::DNN_BACKEND_OPENCV);
    EXPECT_EQ(t, cv::dnn::DNN_TARGET_CPU);
}

TEST(Backend, AutoStandsForABackendOrATarget) {
    const struct {
        const char* name;
        std::vector<const char*> meant;  ///< the first of them that is there
    } cases[] = {{"opencv/auto", {"opencv/cpu"}},    {"auto/cpu", {"opencv/cpu"}},
                 {"auto/opencl", {"opencv/opencl"}}, {"cuda/auto", {"cuda/cuda", "cuda/cuda-fp16"}},
                 {"auto/cuda", {"cuda/cuda"}},       {"auto/cuda-fp16", {"cuda/cuda-fp16"}}};
    for (const auto& c : cases) {
        const auto meant = std::find_if(c.meant.begin(), c.meant.end(), has);
        int b = 0, t = -1, b2 = 0, t2 = -1;
        if (meant == c.meant.end()) {
            expectError([&] { cv::drgan::findBackend(c.name, b, t); },
                        {cv::format("got \"%s\"", c.name), "opencv/cpu (3, 0)"});
            continue;
        }
        cv::drgan::findBackend(c.name, b, t);
        cv::drgan::findBackend(*meant, b2, t2);
        EXPECT_EQ(b, b2) << c.name;
        EXPECT_EQ(t, t2) << c.name;
    }
}

TEST(Backend, WhatThisOpenCvLacksIsRefused) {
    const auto tiny = drgan_test::tinyEncoder();
    expectError([&] { Encoder::create(tiny, 12345, 0); },
                {"backend 12345", "target 0", "12345/cpu", "opencv/cpu (3, 0)", CV_VERSION});
    expectError([] { Decoder::create(drgan_test::tinyDecoder(), nullptr, 0, 77); }, {"backend 0", "target 77"});
    expectError([] { Aligner::create(drgan_test::tinyAligner(), nullptr, 12345, 0); }, {"backend 12345"});
    expectError([] { Detector::create(drgan_test::tinyDetector(), nullptr, 12345, 0); }, {"backend 12345"});
    EXPECT_NO_THROW(Encoder::create(tiny, cv::dnn::DNN_BACKEND_OPENCV, cv::dnn::DNN_TARGET_CPU));
    int b = 0, t = 0;
    for (const char* name :
         {"", "cuda", "opencv", "tpu/tpu", "auto/tpu", "opencv/cuda", "auto/", "OPENCV/CPU", "opencv/cpu "}) {
        expectError([&] { cv::drgan::findBackend(name, b, t); },
                    {cv::format("got \"%s\"", name), "\"auto\"", "opencv/cpu (3, 0)"});
    }
}

TEST(Backend, WhatIsNotThereIsNotQuietlyReplaced) {
    using namespace cv::dnn;
    const struct {
        const char* name;
        int backend, target;
    } pairs[] = {{"opencv/opencl", DNN_BACKEND_OPENCV, DNN_TARGET_OPENCL},
                 {"opencv/opencl-fp16", DNN_BACKEND_OPENCV, DNN_TARGET_OPENCL_FP16},
                 {"cuda/cuda", DNN_BACKEND_CUDA, DNN_TARGET_CUDA},
                 {"cuda/cuda-fp16", DNN_BACKEND_CUDA, DNN_TARGET_CUDA_FP16}};
    for (const auto& p : pairs) {
        // With the default backend, one that has the target is chosen.
        for (const int backend : {p.backend, static_cast<int>(DNN_BACKEND_DEFAULT)}) {
            const auto create = [&] { Encoder::create(drgan_test::tinyEncoder(), backend, p.target); };
            if (has(p.name)) {
                EXPECT_NO_THROW(create()) << p.name;
            } else {
                expectError(create, {cv::format("backend %d and target %d", backend, p.target)});
            }
        }
    }
}

TEST(Backend, AutoIsCudaOrTheCpuWithOneWarning) {
    const auto level = cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_WARNING);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    int b = 0, t = -1;
    for (const char* name : {"auto", "auto/auto", "auto"}) cv::drgan::findBackend(name, b, t);
    const std::string log = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
    cv::utils::logging::setLogLevel(level);
    const bool cuda = has("cuda/cuda");
    EXPECT_EQ(b, cuda ? cv::dnn::DNN_BACKEND_CUDA : cv::dnn::DNN_BACKEND_OPENCV);
    EXPECT_EQ(t, cuda ? cv::dnn::DNN_TARGET_CUDA : cv::dnn::DNN_TARGET_CPU);
    size_t warnings = 0;
    for (size_t at = log.find("has no CUDA"); at != std::string::npos; at = log.find("has no CUDA", at + 1)) ++warnings;
    EXPECT_EQ(warnings, cuda ? 0U : 1U) << log;
}

TEST(Backend, OpenClIsTheSame) { sameAsOnTheCpu("opencv/opencl", single); }

TEST(Backend, OpenClInHalfPrecisionIsTheSame) { sameAsOnTheCpu("opencv/opencl-fp16", half); }

TEST(Backend, CudaIsTheSame) { sameAsOnTheCpu("cuda/cuda", single); }

TEST(Backend, CudaInHalfPrecisionIsTheSame) { sameAsOnTheCpu("cuda/cuda-fp16", half); }
