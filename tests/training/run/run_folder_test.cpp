// SPDX-License-Identifier: Apache-2.0
#include "run/run_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "temporary_folder.hpp"

namespace fs = std::filesystem;
using namespace drgan::train;

namespace {

Checkpoint small() {
    Checkpoint c;
    c.tensors["x"] = torch::ones({2});
    return c;
}

TEST(RunFolder, KeepsTheHighestStepsWhateverTheirNumberOfDigits) {
    const drgan::test::TemporaryFolder folder;
    RunFolder run(folder / "run", 2, {"loss"});
    run.open("", false);
    for (int64_t step : {999998, 999999, 1000000}) {
        run.saveLast(small(), step);
    }
    EXPECT_FALSE(fs::exists(run.path("step-999998.safetensors")));
    EXPECT_TRUE(fs::exists(run.path("step-999999.safetensors")));
    EXPECT_TRUE(fs::exists(run.path("step-1000000.safetensors")));
}

TEST(RunFolder, NothingToResumeIsAnErrorAndLeavesNoFolder) {
    const drgan::test::TemporaryFolder folder;
    RunFolder run(folder / "run", 2, {"loss"});
    EXPECT_THROW(run.open("", true), std::runtime_error);
    EXPECT_FALSE(fs::exists(folder / "run"));
    run.open("", false);
    run.saveLast(small(), 1);
    EXPECT_TRUE(fs::exists(run.path("last.safetensors")));
}

TEST(RunFolder, CheckpointsAreDueByStepAndNotAtTheEndTwice) {
    RunOptions o;
    o.steps = 9;
    o.checkpointEvery = 3;
    EXPECT_FALSE(isCheckpointDue(o, 2));
    EXPECT_TRUE(isCheckpointDue(o, 3));
    EXPECT_TRUE(isCheckpointDue(o, 6));
    EXPECT_FALSE(isCheckpointDue(o, 9));
    o.checkpointEvery = 0;
    EXPECT_FALSE(isCheckpointDue(o, 3));
}

}  // namespace
