// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace drgan::train {

/// Options of every run. `drgan-train STAGE --help` describes them; the run's folder keeps the values.
struct RunOptions {
    std::string faces, run, start;
    bool resume = false;

    int64_t steps = 1000;
    double learningRate = 2.5e-4;
    int64_t warmup = 100;
    double weightDecay = 1e-4, averaging = 0.999;

    int64_t checkpointEvery = 250, evaluateEvery = 250, logEvery = 10;  // steps; checkpointEvery 0: only at the end
    int keep = 3;
    int threads = 2;
    std::string device = "cpu";
    std::string precision = "float32", memoryFormat = "channels-last";  // or bf16, planes; auto: see run/speed.hpp
};

}  // namespace drgan::train
