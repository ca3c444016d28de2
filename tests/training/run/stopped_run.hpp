// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <thread>

#include "checkpoint/checkpoint.hpp"
#include "run/run_folder.hpp"

namespace drgan::train {

/// Starts a run that a signal stops: it saves a checkpoint and ends before its last step. On a busy machine the signal
/// may come too late; then the run is repeated.
/// @param folder of the run, emptied before each attempt
/// @param after number of steps before the signal
/// @param steps number of steps of the whole run
/// @param make makes the Trainer
template <typename Make>
void runUntilStopped(const std::string& folder, int64_t after, int64_t steps, Make&& make) {
    int64_t stopped = steps;
    for (int attempt = 0; attempt < 20 && stopped == steps; ++attempt) {
        std::filesystem::remove_all(folder);
        auto run = make();
        std::thread watch([&] {
            while (run.step() < after) {
                std::this_thread::yield();
            }
            stopRequested = true;
        });
        run.run();
        watch.join();
        stopRequested = false;
        stopped = run.step();
    }
    ASSERT_LT(stopped, steps);
}

/// Whether two checkpoints have the same tensors up to rounding errors.
inline void expectSameTensors(const Checkpoint& a, const Checkpoint& b) {
    ASSERT_EQ(a.tensors.size(), b.tensors.size());
    for (const auto& [name, tensor] : a.tensors) {
        EXPECT_TRUE(torch::allclose(tensor, b.tensors.at(name), 1e-5, 1e-6)) << name;
    }
}

}  // namespace drgan::train
