// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/models/models.hpp"
#include "expect_error.hpp"
#include "tiny_onnx.hpp"

namespace {

using testing::ElementsAre;

const std::vector<cv::String> cpu = {"opencv/cpu"};
const std::vector<cv::String> all = {"opencv/opencl", "opencv/cpu", "cuda/cuda", "cuda/cuda-fp16"};

TEST(Devices, AreCudaThenTheCpuIfNothingIsChosen) {
    EXPECT_THAT(drgan::devicesToTry("auto", "auto", all), ElementsAre("cuda/cuda", "opencv/cpu"));
    EXPECT_THAT(drgan::devicesToTry("auto", "auto", cpu), ElementsAre("opencv/cpu"));
}

TEST(Devices, AreThoseThatWereChosen) {
    EXPECT_THAT(drgan::devicesToTry("auto", "opencl", all), ElementsAre("auto/opencl"));
    EXPECT_THAT(drgan::devicesToTry("cuda", "auto", cpu), ElementsAre("cuda/auto"));
    EXPECT_THAT(drgan::devicesToTry("opencv", "cpu", all), ElementsAre("opencv/cpu"));
}

class Loading : public testing::Test {
protected:
    drgan::LoadedModels load(const std::vector<drgan::Device>& candidates) {
        return drgan::loadModels(files, candidates, [&](const std::string& why) { passedOver.push_back(why); });
    }
    drgan_test::TempDir dir;
    drgan::ModelFiles files = {drgan_test::writeTinyBundle(dir.path() + "/bundle"), "", false};
    std::vector<std::string> passedOver;
    const drgan::Device missing{12345, cv::dnn::DNN_TARGET_CPU};
};

TEST_F(Loading, PassesOverADeviceThatFails) {
    const auto loaded = load({missing, {}});
    EXPECT_EQ(loaded.bundleId, "tiny");
    EXPECT_TRUE(loaded.models.encoder && loaded.models.decoder);
    EXPECT_FALSE(loaded.models.finder);
    ASSERT_EQ(passedOver.size(), 1U);
    EXPECT_NE(passedOver[0].find("backend 12345"), std::string::npos) << passedOver[0];
}

TEST_F(Loading, DoesNotPassOverTheOnlyDeviceNorABrokenBundle) {
    drgan_test::expectError([&] { load({missing}); }, {"backend 12345"});
    EXPECT_TRUE(passedOver.empty());
    files.bundle = "/nowhere";
    drgan_test::expectError([&] { load({{}, {}}); }, {"/nowhere"});
}

TEST_F(Loading, PutsEveryNetworkOnTheDevice) {
    drgan_test::TinyOptions options;
    options.withAligner = options.withDetector = true;
    files.bundle = drgan_test::writeTinyBundle(dir.path() + "/seeing", options);
    files.detects = true;
    const auto loaded = load({{}});
    EXPECT_TRUE(loaded.models.finder && loaded.models.aligner);
    drgan_test::expectError([&] { load({missing}); }, {"backend 12345"});
    drgan_test::expectError([&] { cv::drgan::FaceFinder::create("", files.bundle, 12345); },
                            {"/seeing/", "backend 12345"});
}

}  // namespace
