// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/models/device.hpp"
#include "core/models/models.hpp"
#include "expect_error.hpp"
#include "tiny_onnx.hpp"

namespace {

using namespace cv::dnn;
using drgan::AvailableDevices;
using drgan::Backend;
using drgan::chooseDevices;
using drgan::Target;

const AvailableDevices cpu = {{DNN_BACKEND_OPENCV, DNN_TARGET_CPU}};
const AvailableDevices all = {{DNN_BACKEND_OPENCV, DNN_TARGET_CPU},
                              {DNN_BACKEND_OPENCV, DNN_TARGET_OPENCL},
                              {DNN_BACKEND_CUDA, DNN_TARGET_CUDA},
                              {DNN_BACKEND_CUDA, DNN_TARGET_CUDA_FP16}};

using Pairs = std::vector<std::pair<int, int>>;

Pairs pairsOf(const drgan::Devices& devices) {
    Pairs out;
    for (const auto& d : devices.candidates) {
        out.emplace_back(d.backend, d.target);
    }
    return out;
}

TEST(Device, AutomaticIsCudaThenTheCpu) {
    const auto devices = chooseDevices(Backend::automatic, Target::automatic, all);
    EXPECT_EQ(pairsOf(devices), (Pairs{{DNN_BACKEND_CUDA, DNN_TARGET_CUDA}, {DNN_BACKEND_OPENCV, DNN_TARGET_CPU}}));
    EXPECT_EQ(devices.warning, "");
}

TEST(Device, AutomaticIsTheCpuWithAWarningWithoutCuda) {
    const auto devices = chooseDevices(Backend::automatic, Target::automatic, cpu);
    EXPECT_EQ(pairsOf(devices), (Pairs{{DNN_BACKEND_OPENCV, DNN_TARGET_CPU}}));
    EXPECT_NE(devices.warning.find("CUDA"), std::string::npos) << devices.warning;
}

TEST(Device, AChoiceIsTakenAsItIs) {
    const struct {
        Backend backend;
        Target target;
        std::pair<int, int> expected;
    } cases[] = {
        {Backend::automatic, Target::cpu, {DNN_BACKEND_OPENCV, DNN_TARGET_CPU}},
        {Backend::automatic, Target::opencl, {DNN_BACKEND_OPENCV, DNN_TARGET_OPENCL}},
        {Backend::automatic, Target::cuda, {DNN_BACKEND_CUDA, DNN_TARGET_CUDA}},
        {Backend::automatic, Target::cudaFp16, {DNN_BACKEND_CUDA, DNN_TARGET_CUDA_FP16}},
        {Backend::opencv, Target::automatic, {DNN_BACKEND_OPENCV, DNN_TARGET_CPU}},
        {Backend::cuda, Target::automatic, {DNN_BACKEND_CUDA, DNN_TARGET_CUDA}},
        {Backend::opencv, Target::opencl, {DNN_BACKEND_OPENCV, DNN_TARGET_OPENCL}},
        {Backend::cuda, Target::cudaFp16, {DNN_BACKEND_CUDA, DNN_TARGET_CUDA_FP16}},
    };
    for (const auto& c : cases) {
        const auto devices = chooseDevices(c.backend, c.target, all);
        EXPECT_EQ(pairsOf(devices), Pairs{c.expected});
        EXPECT_EQ(devices.warning, "");
    }
}

TEST(Device, AChoiceThatIsNotThereIsAnErrorThatSaysWhatIs) {
    using drgan_test::expectError;
    expectError([] { chooseDevices(Backend::automatic, Target::cuda, cpu); }, {"target cuda", "has here: cpu"});
    expectError([] { chooseDevices(Backend::automatic, Target::opencl, cpu); }, {"target opencl", "has here: cpu"});
    expectError([] { chooseDevices(Backend::cuda, Target::automatic, cpu); }, {"backend cuda", "has here: cpu"});
    expectError([] { chooseDevices(Backend::automatic, Target::cpu, {}); }, {"target cpu", "has here: none"});
    expectError([] { chooseDevices(Backend::opencv, Target::cuda, all); }, {"opencv", "cuda", "do not go together"});
    expectError([] { chooseDevices(Backend::cuda, Target::cpu, all); }, {"cuda", "cpu", "do not go together"});
}

class Loading : public testing::Test {
protected:
    drgan::LoadedModels load(const std::vector<drgan::Device>& candidates) {
        return drgan::loadModels(files, candidates, [&](const std::string& why) { passedOver.push_back(why); });
    }
    drgan_test::TempDir dir;
    drgan::ModelFiles files = {drgan_test::writeTinyBundle(dir.path() + "/bundle"), "", false};
    std::vector<std::string> passedOver;
    const drgan::Device missing{12345, DNN_TARGET_CPU};
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
