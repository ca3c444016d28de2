// SPDX-License-Identifier: Apache-2.0
//
// loadModels() with a cache: what is shared and what is not, and that shared networks give the same results.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "core/models/models.hpp"
#include "expect_error.hpp"
#include "pictures.hpp"
#include "tiny_onnx.hpp"

namespace {

using drgan::LoadedModels;
using drgan::ModelFiles;
using drgan::NetworkCache;
using drgan_test::TinyOptions;

class NetworkCacheTest : public testing::Test {
protected:
    std::string write(const std::string& name, unsigned seed = 1) {
        TinyOptions options;
        options.withAligner = options.withDetector = true;
        options.seed = seed;
        return drgan_test::writeTinyBundle(dir.path() + "/" + name, options);
    }
    LoadedModels load(const std::string& bundle, bool detects = true) {
        return drgan::loadModels(
            {bundle, "", detects}, {{}}, [](const std::string&) {}, cache);
    }
    static cv::Mat embed(const LoadedModels& loaded, unsigned seed) {
        cv::Mat embedding;
        float confidence = 0;
        const int side = loaded.models.encoder->alignment().size;
        loaded.models.encoder->feature(drgan_test::noisePicture({side, side}, CV_8UC3, seed), embedding, confidence);
        return embedding;
    }
    static bool same(const cv::Mat& a, const cv::Mat& b) { return a.size() == b.size() && cv::norm(a, b) == 0; }

    drgan_test::TempDir dir;
    NetworkCache cache;
};

TEST_F(NetworkCacheTest, OneBundleIsLoadedOnce) {
    const std::string bundle = write("bundle");
    const auto first = load(bundle);
    EXPECT_EQ(cache.counts().loads, 4U);
    const auto second = load(bundle);
    symlink(bundle.c_str(), (dir.path() + "/link").c_str());
    const auto third = load(dir.path() + "/link/.");
    EXPECT_EQ(cache.counts().loads, 4U);
    EXPECT_EQ(cache.counts().networks, 4U);
    EXPECT_TRUE(same(embed(first, 5), embed(second, 5)));
    EXPECT_TRUE(same(embed(first, 5), embed(third, 5)));
    EXPECT_EQ(second.bundleId, "tiny");
}

TEST_F(NetworkCacheTest, WhoDoesNotDetectSharesTheRest) {
    const std::string bundle = write("bundle");
    const auto follows = load(bundle, false);
    EXPECT_EQ(cache.counts().loads, 3U);
    EXPECT_FALSE(follows.models.finder);
    const auto detects = load(bundle);
    EXPECT_EQ(cache.counts().loads, 4U);
    EXPECT_TRUE(detects.models.finder);
}

TEST_F(NetworkCacheTest, TheLastUserDropsThem) {
    const std::string bundle = write("bundle");
    {
        const auto first = load(bundle);
        const auto second = load(bundle);
    }
    EXPECT_EQ(cache.counts().networks, 0U);
    load(bundle);
    EXPECT_EQ(cache.counts().loads, 8U);
}

TEST_F(NetworkCacheTest, OtherBundlesAreNotShared) {
    const auto first = load(write("one", 1));
    const auto second = load(write("other", 2));
    EXPECT_EQ(cache.counts().loads, 8U);
    EXPECT_FALSE(same(embed(first, 5), embed(second, 5))) << "weights from another seed";
}

TEST_F(NetworkCacheTest, AReplacedBundleIsLoadedAnewWhileTheOldOneIsInUse) {
    const std::string bundle = write("bundle", 1);
    const auto before = load(bundle);
    const cv::Mat embedding = embed(before, 5);
    EXPECT_EQ(write("bundle", 2), bundle);
    const auto after = load(bundle);
    EXPECT_EQ(cache.counts().loads, 8U);
    EXPECT_TRUE(same(embed(before, 5), embedding));
    EXPECT_FALSE(same(embed(after, 5), embedding));
}

TEST_F(NetworkCacheTest, ADeletedBundleServesThoseWhoHaveIt) {
    const std::string bundle = write("bundle");
    const auto first = load(bundle);
    const auto second = load(bundle);
    for (const char* name : {"encoder", "decoder", "aligner", "detector"}) {
        unlink((bundle + "/" + name + ".onnx").c_str());
    }
    drgan_test::expectError([&] { load(bundle); }, {"encoder.onnx"});
    std::atomic<int> right{0};
    const cv::Mat expected = embed(first, 5);
    std::vector<std::thread> threads;
    for (const auto* loaded : {&first, &second}) {
        threads.emplace_back([&, loaded] {
            for (int i = 0; i < 200; ++i) {
                right += same(embed(*loaded, 5), expected) ? 1 : 0;
            }
        });
    }
    for (auto& t : threads) {
        t.join();
    }
    EXPECT_EQ(right, 400);
}

TEST_F(NetworkCacheTest, MismatchedNetworksAreRefusedForEachWhoAsks) {
    const std::string bundle = write("bundle");
    TinyOptions other;
    other.bundleId = "tinz";  // the same length, because the manifest has the file's size
    drgan_test::writeFile(bundle + "/decoder.onnx", drgan_test::tinyDecoder(other));
    for (int i = 0; i < 2; ++i) {
        drgan_test::expectError([&] { load(bundle); }, {"decoder.onnx", "\"tinz\"", "\"tiny\""});
    }
    EXPECT_EQ(cache.counts().networks, 0U);
}

TEST_F(NetworkCacheTest, MissingModelsOfOneDoNotStopTheOthers) {
    const std::string whole = write("whole");
    std::atomic<bool> stop{false};
    std::thread failing([&] {
        while (!stop) {
            EXPECT_THROW(load(dir.path() + "/nowhere"), cv::Exception);
        }
    });
    for (int i = 0; i < 20; ++i) {
        EXPECT_FALSE(embed(load(whole), 1).empty());
    }
    stop = true;
    failing.join();
}

// Each thread loads for itself and encodes the same pictures.
TEST_F(NetworkCacheTest, ManyWhoStartAndStopGetTheSameResults) {
    const std::string bundle = write("bundle");
    std::vector<cv::Mat> expected;
    std::vector<cv::Mat> faces;
    {
        NetworkCache own;
        const auto alone = drgan::loadModels(
            {bundle, "", true}, {{}}, [](const std::string&) {}, own);
        for (unsigned i = 0; i < 8; ++i) {
            expected.push_back(embed(alone, i));
            faces.emplace_back();
            alone.models.decoder->rotate(expected.back(), 0, faces.back());
        }
    }
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 6; ++t) {
        threads.emplace_back([&, t] {
            for (unsigned round = 0; round < 5; ++round) {
                const auto loaded = load(bundle);
                for (unsigned i = 0; i < 40; ++i) {
                    const size_t at = (i + t) % 8;
                    cv::Mat face;
                    loaded.models.decoder->rotate(expected[at], 0, face);
                    wrong += same(embed(loaded, static_cast<unsigned>(at)), expected[at]) ? 0 : 1;
                    wrong += same(face, faces[at]) ? 0 : 1;
                }
            }
        });
    }
    for (auto& t : threads) {
        t.join();
    }
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(cache.counts().networks, 0U);
}

TEST_F(NetworkCacheTest, AFinderOfPicturesOfTwoSizesFindsTheSameInBoth) {
    const std::string bundle = write("bundle");
    const auto first = load(bundle);
    const auto second = load(bundle);
    const auto picture = [](cv::Size size) {
        cv::Mat p(size, CV_8UC3, cv::Scalar::all(0));
        p(cv::Rect(100, 60, 40, 40)).setTo(cv::Scalar(0, 0, 255));  // what the tiny detector takes for a face
        return p;
    };
    const auto find = [](const LoadedModels& loaded, const cv::Mat& p) {
        cv::Mat rows;
        loaded.models.finder->find(p, rows);
        return rows;
    };
    const cv::Mat small = picture({320, 240});
    const cv::Mat large = picture({640, 480});
    const cv::Mat inSmall = find(first, small);
    const cv::Mat inLarge = find(first, large);
    ASSERT_FALSE(inSmall.empty());
    ASSERT_FALSE(inLarge.empty());
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(same(find(first, small), inSmall));
        EXPECT_TRUE(same(find(second, large), inLarge));
    }
}

}  // namespace
