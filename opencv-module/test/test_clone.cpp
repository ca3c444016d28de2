// SPDX-License-Identifier: Apache-2.0
//
// Clones give the same results as their originals, independently of them, in many threads at the same time; const
// functions may be called while other threads compute. Run it under the thread sanitizer, too.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <opencv2/drgan.hpp>
#include <opencv2/drgan/model_contract.hpp>
#include <thread>

#include "expect_error.hpp"
#include "one_thread.hpp"
#include "pictures.hpp"
#include "tiny_onnx.hpp"
#include "yunet.hpp"

using cv::Mat;
using cv::Ptr;
using cv::drgan::Aligner;
using cv::drgan::Decoder;
using cv::drgan::Detector;
using cv::drgan::Encoder;
using cv::drgan::FaceFinder;

namespace {

constexpr int S = 16;
constexpr int Nf = 8;

double difference(const Mat& a, const Mat& b) {
    return a.size() == b.size() ? (a.empty() ? 0 : cv::norm(a, b, cv::NORM_INF)) : 1e9;
}

Mat embed(Encoder& encoder, const Mat& picture) {
    Mat embedding;
    float confidence = 0;
    encoder.feature(picture, embedding, confidence);
    return embedding;
}

/// Everything that a thread computes: an embedding, a face, landmarks and detections.
struct All {
    Ptr<Encoder> encoder;
    Ptr<Decoder> decoder;
    Ptr<Aligner> aligner;
    Ptr<Detector> detector;
    Ptr<FaceFinder> finder;

    static All made() {
        drgan_test::TinyOptions wide;
        wide.imageSize = 128;
        All a;
        a.encoder = Encoder::create(drgan_test::tinyEncoder());
        a.decoder = Decoder::create(drgan_test::tinyDecoder(), a.encoder);
        a.aligner = Aligner::create(drgan_test::tinyAligner(), a.encoder);
        a.detector = Detector::create(drgan_test::tinyDetector(wide));
        a.finder = FaceFinder::createFromModels(a.detector->clone());
        return a;
    }

    All clone() const {
        All a;
        a.encoder = encoder->clone();
        a.decoder = decoder->clone();
        a.aligner = aligner->clone();
        a.detector = detector->clone();
        a.finder = finder->clone();
        return a;
    }

    std::vector<Mat> compute(unsigned seed) {
        std::vector<Mat> out(5);
        out[0] = embed(*encoder, drgan_test::noisePicture({S, S}, CV_8UC3, seed));
        decoder->frontalize(out[0], out[1]);
        const Mat picture = drgan_test::noisePicture({200, 160}, CV_8UC3, seed);
        aligner->align(picture, Mat(cv::Vec4f(40, 30, 60, 60)).reshape(1, 1), out[2], 3);
        detector->detect(picture, out[3]);
        finder->find(picture, out[4]);
        return out;
    }
};

double worst(const std::vector<Mat>& a, const std::vector<Mat>& b) {
    double most = 0;
    for (size_t i = 0; i < a.size(); ++i) most = std::max(most, difference(a[i], b[i]));
    return most;
}

}  // namespace

TEST(Clone, GivesTheSameAndIsApart) {
    All original = All::made();
    const auto expected = original.compute(1);
    ASSERT_FALSE(expected[3].empty());
    All clone = original.clone();
    EXPECT_EQ(worst(clone.compute(1), expected), 0);
    clone.compute(2);  // does not affect the original
    EXPECT_EQ(worst(original.compute(1), expected), 0);
    All second = clone.clone();
    original = clone = All();
    EXPECT_EQ(worst(second.compute(1), expected), 0);
    EXPECT_EQ(second.encoder->embeddingSize(), Nf);
    EXPECT_EQ(second.encoder->bundleId(), "tiny");
    EXPECT_EQ(second.encoder->alignment().size, S);
    EXPECT_EQ(second.decoder->poses().size(), 5U);
    EXPECT_FLOAT_EQ(second.aligner->cropFactor(), 1.8F);
}

TEST(Clone, NeedsNoFile) {
    const drgan_test::TempDir dir;
    const std::string path = dir.path() + "/encoder.onnx";
    drgan_test::writeFile(path, drgan_test::tinyEncoder());
    const auto encoder = Encoder::create(path);
    drgan_test::writeFile(path, std::string("another"));
    const Mat picture = drgan_test::noisePicture({S, S}, CV_8UC3, 1);
    EXPECT_EQ(difference(embed(*encoder->clone(), picture), embed(*encoder, picture)), 0);
}

TEST(Clone, OfADetectorHasItsSettings) {
    const auto detector = Detector::create(drgan_test::tinyDetector());
    detector->setScoreThreshold(0.75F);
    detector->setNMSThreshold(0.5F);
    detector->setTopK(7);
    detector->setMaxSide(320);
    const auto clone = detector->clone();
    EXPECT_EQ(clone->getScoreThreshold(), 0.75F);
    EXPECT_EQ(clone->getNMSThreshold(), 0.5F);
    EXPECT_EQ(clone->getTopK(), 7);
    EXPECT_EQ(clone->getMaxSide(), 320);
    clone->setTopK(9);
    EXPECT_EQ(detector->getTopK(), 7);
}

TEST(Clone, OfAFinder) {
    drgan_test::TinyOptions wide;
    wide.imageSize = 128;
    const auto rough = FaceFinder::createFromModels(Detector::create(drgan_test::tinyDetector(wide)))->clone();
    EXPECT_FALSE(rough->measuresLandmarks());
    const auto sure = FaceFinder::createFromModels(Detector::create(drgan_test::tinyDetector(wide)),
                                                   Aligner::create(drgan_test::tinyAligner()))
                          ->clone();
    EXPECT_TRUE(sure->measuresLandmarks());
    NEEDS_YUNET(model);
    const auto yunet = FaceFinder::create(model);
    const auto face = drgan_test::drawFace({320, 240}, {150, 120}, 120);
    Mat expected, found;
    yunet->find(face.picture, expected);
    yunet->clone()->find(face.picture, found);
    EXPECT_EQ(difference(found, expected), 0);
}

TEST(Clone, ManyThreadsEachWithItsOwn) {
    drgan_test::oneThreadInOpenCv();
    All original = All::made();
    constexpr int pictures = 4;
    std::vector<std::vector<Mat>> expected;
    for (unsigned i = 0; i < pictures; ++i) expected.push_back(original.compute(i));
    std::vector<double> apart(8, 0);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < apart.size(); ++t) {
        threads.emplace_back([&, t] {
            All own = original.clone();  // all at the same time, while the original computes
            for (unsigned i = 0; i < 20; ++i) {
                apart[t] = std::max(apart[t], worst(own.compute((i + static_cast<unsigned>(t)) % pictures),
                                                    expected[(i + t) % pictures]));
                if (i % 10 == 9) own = own.clone();
            }
        });
    }
    for (unsigned i = 0; i < 20; ++i) EXPECT_EQ(worst(original.compute(i % pictures), expected[i % pictures]), 0);
    for (std::thread& thread : threads) thread.join();
    for (const double d : apart) EXPECT_EQ(d, 0);
}

TEST(Clone, ConstFunctionsServeAnyThreadWhileAnotherComputes) {
    drgan_test::oneThreadInOpenCv();
    All all = All::made();
    const Mat picture = drgan_test::noisePicture({100, 100}, CV_8UC3, 1);
    const Mat box = Mat(cv::Vec4f(20, 20, 40, 40)).reshape(1, 1);
    Mat expected;
    all.encoder->alignCrop(picture, box, expected);
    const Mat row = Mat::ones(1, Nf, CV_32F);
    std::atomic<bool> done{false};
    std::atomic<int> wrong{0}, rounds{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            while (!done) {
                Mat crop;
                all.encoder->alignCrop(picture, box, crop);
                const bool right = difference(crop, expected) == 0 && all.encoder->match(row, row) > 0.999 &&
                                   all.encoder->embeddingSize() == Nf && all.encoder->alignment().size == S &&
                                   all.encoder->bundleId() == "tiny" && all.decoder->poses().size() == 5 &&
                                   all.decoder->noiseSize() == 4 && all.decoder->imageSize() == S &&
                                   all.decoder->embeddingSize() == Nf && all.aligner->imageSize() == S &&
                                   all.aligner->cropFactor() > 1 && all.detector->imageSize() == 128 &&
                                   all.detector->getTopK() >= 1000 && all.detector->getScoreThreshold() <= 0.5F &&
                                   all.detector->getNMSThreshold() > 0 && all.detector->getMaxSide() == 640 &&
                                   all.finder->workingSide() == 640 && all.finder->sureScore() > 0 &&
                                   !all.finder->measuresLandmarks();
                wrong += right ? 0 : 1;
                ++rounds;
            }
        });
    }
    for (unsigned i = 0; i < 50 || rounds < 20; ++i) {
        all.detector->setTopK(1000 + static_cast<int>(i));
        all.detector->setScoreThreshold(i % 2 == 0 ? 0.45F : 0.5F);
        all.compute(i % 3);
    }
    done = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}
