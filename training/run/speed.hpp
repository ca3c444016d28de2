// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "nn/graph/graph.hpp"
#include "run/options.hpp"

namespace drgan::train {

/// Milliseconds of a step by memory format and precision, as {"planes", "bf16"}.
using StepTimes = std::map<std::pair<std::string, std::string>, double>;

/// The processor's name as its maker has it; "processor" where the system does not say.
std::string processorName();

/// Gives --precision and --memory-format their values where they are "auto". A run that is resumed keeps what its
/// checkpoint says (float32 and channels-last where it says nothing: from before there was a choice). Another run takes
/// what was measured to be fastest; it leaves channels-last and float32 only for what is clearly faster, so that two
/// equal runs on one machine do not differ by chance. What a processor has does not tell: bf16 was half as fast as
/// float32 on one with AVX512_BF16, by LibTorch 1.13 and with the paper's network.
/// @param resumed metadata of the checkpoint to go on from, if any
/// @param times asked for only where something is to be chosen by them
/// @return a line that says what was taken, and why
std::string chooseSpeed(RunOptions& options, const std::optional<std::map<std::string, std::string>>& resumed,
                        const std::function<StepTimes()>& times);

/// The network whose steps are measured: a run's encoder, aligner or detector.
struct MeasuredNetwork {
    nn::Graph network;
    int64_t openSide = 0;  ///< pixels, in place of the sizes of its inputs that it leaves open
};

/// Steps of a network on this machine, forward and backward.
StepTimes measureSteps(MeasuredNetwork network, const RunOptions& options);

/// As chooseSpeed(), for the run in the options' folder; all processes of a group take what the first one does. Then
/// sets nn::setMemoryFormat().
/// @param network called only where something is measured
std::string applySpeed(RunOptions& options, const std::function<MeasuredNetwork()>& network);

/// Writes both into a checkpoint's metadata.
void noteSpeed(const RunOptions& options, std::map<std::string, std::string>& metadata);

}  // namespace drgan::train
