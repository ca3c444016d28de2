// SPDX-License-Identifier: Apache-2.0
#include "run/speed.hpp"

#include <gmock/gmock.h>

#include "dr_gan/steps.hpp"
#include "dr_gan/trainer_run.hpp"
#include "nn/models/networks.hpp"

namespace nn = drgan::nn;
using namespace drgan::train;
using testing::HasSubstr;

namespace {

using Metadata = std::map<std::string, std::string>;

RunOptions automatic() {
    RunOptions o;
    o.precision = o.memoryFormat = "auto";
    return o;
}

TEST(Speed, IsChosenByTheProcessor) {
    const std::pair<Processor, std::pair<const char*, const char*>> cases[] = {
        {{"old", false, false}, {"planes", "float32"}},
        {{"wide", true, false}, {"channels-last", "float32"}},
        {{"new", true, true}, {"channels-last", "bf16"}}};
    for (const auto& [processor, expected] : cases) {
        RunOptions o = automatic();
        EXPECT_THAT(chooseSpeed(o, processor, std::nullopt), HasSubstr(processor.name + ": memory format "));
        EXPECT_EQ(o.memoryFormat, expected.first);
        EXPECT_EQ(o.precision, expected.second);
    }
    RunOptions cuda = automatic();
    cuda.device = "cuda";
    chooseSpeed(cuda, {"old", false, false}, std::nullopt);
    EXPECT_EQ(cuda.memoryFormat, "channels-last");
    EXPECT_EQ(cuda.precision, "float32");
}

TEST(Speed, WhatIsAskedForComesFirstThenWhatTheRunHad) {
    const Processor processor{"new", true, true};
    const Metadata before{{"precision", "float32"}, {"memory_format", "planes"}};
    RunOptions o = automatic();
    o.precision = "bf16";
    EXPECT_THAT(chooseSpeed(o, processor, before),
                testing::AllOf(HasSubstr("planes (as this run had it)"), HasSubstr("bf16 (as asked for)")));
    EXPECT_EQ(o.memoryFormat, "planes");
    EXPECT_EQ(o.precision, "bf16");
    RunOptions old = automatic();  // a checkpoint from before there was a choice
    chooseSpeed(old, {"old", false, false}, Metadata());
    EXPECT_EQ(old.memoryFormat, "channels-last");
    EXPECT_EQ(old.precision, "float32");
}

/// Puts the memory format back.
class InPlanes : public TrainerRun {
protected:
    void TearDown() override {
        nn::setMemoryFormat(torch::MemoryFormat::ChannelsLast);
        TrainerRun::TearDown();
    }
};

TEST_F(InPlanes, ARunLearnsTheSameAndGoesOn) {
    DrGanOptions o = options(Stage::Joint, "last", 2);
    train(o);
    o.run = path("planes");
    o.memoryFormat = "planes";
    applySpeed(o);
    EXPECT_EQ(nn::memoryFormat(), torch::MemoryFormat::Contiguous);
    train(o);
    // Adam moves a weight by the rate at most in each step, whatever rounding makes of its gradient.
    EXPECT_LT(distance(path("last/last.safetensors"), path("planes/last.safetensors")), 4 * o.learningRate);
    nn::setMemoryFormat(torch::MemoryFormat::ChannelsLast);
    DrGanOptions resumed = o;
    resumed.memoryFormat = resumed.precision = "auto";
    resumed.resume = true;
    resumed.steps = 3;
    EXPECT_THAT(applySpeed(resumed), HasSubstr("planes (as this run had it)"));
    EXPECT_EQ(nn::memoryFormat(), torch::MemoryFormat::Contiguous);
    train(resumed);
}

TEST_F(InPlanes, MapsAreContiguous) {
    nn::setMemoryFormat(torch::MemoryFormat::Contiguous);
    const torch::Tensor pictures = nn::fromPlanes(std::vector<float>(2 * 3 * 16 * 16), 16, torch::kCPU);
    EXPECT_TRUE(pictures.is_contiguous());
    nn::Graph network = nn::casiaEncoder({16, 8, 0.1});
    EXPECT_TRUE(network->nodes().front().module->as<torch::nn::Conv2d>()->forward(pictures).is_contiguous());
}

}  // namespace
