// SPDX-License-Identifier: Apache-2.0
#include "run/speed.hpp"

#include <gmock/gmock.h>

#include "aligner/trainer.hpp"
#include "detector/trainer.hpp"
#include "dr_gan/starting_encoder.hpp"
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

StepTimes times(double lastFloat, double lastHalf, double planesFloat, double planesHalf) {
    return {{{"channels-last", "float32"}, lastFloat},
            {{"channels-last", "bf16"}, lastHalf},
            {{"planes", "float32"}, planesFloat},
            {{"planes", "bf16"}, planesHalf}};
}

TEST(Speed, TakesWhatIsClearlyFaster) {
    const std::pair<StepTimes, std::pair<const char*, const char*>> cases[] = {
        {times(10, 30, 6, 40), {"planes", "float32"}},
        {times(10, 6, 8, 7), {"channels-last", "bf16"}},
        {times(10, 9, 9, 9), {"channels-last", "float32"}}};
    for (const auto& [measured, expected] : cases) {
        RunOptions o = automatic();
        const std::string said = chooseSpeed(o, std::nullopt, [&, all = measured] { return all; });
        EXPECT_THAT(said, HasSubstr(processorName() + ": memory format " + expected.first + ", precision " +
                                    expected.second + " (measured, ms a step:"));
        EXPECT_EQ(o.memoryFormat, expected.first);
        EXPECT_EQ(o.precision, expected.second);
    }
    RunOptions half = automatic();
    half.precision = "bf16";  // so the float32 times do not count
    chooseSpeed(half, std::nullopt, [] { return times(1, 10, 1, 5); });
    EXPECT_EQ(half.memoryFormat, "planes");
    EXPECT_EQ(half.precision, "bf16");
}

TEST(Speed, IsNotMeasuredOnCudaOrOfARunThatGoesOn) {
    const auto never = []() -> StepTimes { throw std::logic_error("measured"); };
    RunOptions cuda = automatic();
    cuda.device = "cuda";
    chooseSpeed(cuda, std::nullopt, never);
    EXPECT_EQ(cuda.memoryFormat, "channels-last");
    EXPECT_EQ(cuda.precision, "float32");
    RunOptions o = automatic();
    o.precision = "bf16";
    EXPECT_THAT(chooseSpeed(o, Metadata{{"precision", "float32"}, {"memory_format", "planes"}}, never),
                testing::AllOf(HasSubstr("this run had planes"), HasSubstr("bf16 was asked for")));
    EXPECT_EQ(o.memoryFormat, "planes");
    EXPECT_EQ(o.precision, "bf16");
    RunOptions old = automatic();  // a checkpoint from before there were options
    chooseSpeed(old, Metadata(), never);
    EXPECT_EQ(old.memoryFormat, "channels-last");
    EXPECT_EQ(old.precision, "float32");
}

/// Restores the memory format.
class InPlanes : public TrainerRun {
protected:
    void TearDown() override {
        nn::setMemoryFormat(torch::MemoryFormat::ChannelsLast);
        TrainerRun::TearDown();
    }
};

TEST_F(InPlanes, ARunLearnsTheSameAndGoesOn) {
    const auto never = []() -> MeasuredNetwork { throw std::logic_error("measured"); };
    DrGanOptions o = options(Stage::Joint, "last", 2);
    train(o);
    o.run = path("planes");
    o.memoryFormat = "planes";
    applySpeed(o, never);
    EXPECT_EQ(nn::memoryFormat(), torch::MemoryFormat::Contiguous);
    train(o);
    // Adam moves a weight by at most the learning rate in each step, whatever the rounding of its gradient.
    EXPECT_LT(distance(path("last/last.safetensors"), path("planes/last.safetensors")), 4 * o.learningRate);
    nn::setMemoryFormat(torch::MemoryFormat::ChannelsLast);
    DrGanOptions resumed = o;
    resumed.memoryFormat = resumed.precision = "auto";
    resumed.resume = true;
    resumed.steps = 3;
    EXPECT_THAT(applySpeed(resumed, never), HasSubstr("this run had planes"));
    EXPECT_EQ(nn::memoryFormat(), torch::MemoryFormat::Contiguous);
    train(resumed);
}

TEST_F(InPlanes, EveryStagesNetworkIsMeasured) {
    const auto check = [](const nn::Graph& network, int64_t openSide) {
        const StepTimes measured = measureSteps({network, openSide}, RunOptions());
        EXPECT_EQ(measured.size(), 4U);
        for (const auto& item : measured) {
            EXPECT_GT(item.second, 0);
        }
        EXPECT_EQ(nn::memoryFormat(), torch::MemoryFormat::ChannelsLast);
    };
    const DrGanOptions o = options(Stage::Joint, "run", 1);
    check(firstEncoder(o, {}, drgan::io::FaceSet(o.faces).imageSize()), 0);
    AlignerOptions aligner;
    aligner.alignerWidth = 0.1;
    check(firstNetwork(aligner), 0);
    DetectorOptions detector;
    detector.detectorWidth = 0.1;
    check(firstNetwork(detector), 64);
}

TEST_F(InPlanes, MapsAreContiguous) {
    nn::setMemoryFormat(torch::MemoryFormat::Contiguous);
    const torch::Tensor pictures = nn::fromPlanes(std::vector<float>(2 * 3 * 16 * 16), 16, torch::kCPU);
    EXPECT_TRUE(pictures.is_contiguous());
    nn::Graph network = nn::casiaEncoder({16, 8, 0.1});
    EXPECT_TRUE(network->nodes().front().module->as<torch::nn::Conv2d>()->forward(pictures).is_contiguous());
}

}  // namespace
