// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "run/options.hpp"

namespace drgan::train {

/// What a processor has that training depends on.
struct Processor {
    std::string name;       ///< of its maker
    bool avx512 = false;    ///< and LibTorch uses it
    bool bfloat16 = false;  ///< instructions for bfloat16 (AVX512_BF16), with avx512
};

/// The one that this runs on. ATEN_CPU_CAPABILITY, which keeps LibTorch from using instructions, is heeded.
Processor thisProcessor();

/// Gives --precision and --memory-format their values where they are "auto": from the processor, never from a
/// measurement, which would depend on what else the machine does and make two equal runs differ. A run that is resumed
/// keeps what its checkpoint says (float32 and channels-last where it says nothing: from before there was a choice).
/// @param resumed metadata of the checkpoint to go on from, if any
/// @return a line that says what was taken, and why
std::string chooseSpeed(RunOptions& options, const Processor& processor,
                        const std::optional<std::map<std::string, std::string>>& resumed);

/// As chooseSpeed(), for this processor and the run in the options' folder; all processes of a group take what the
/// first one does. Then sets nn::setMemoryFormat().
std::string applySpeed(RunOptions& options);

/// Writes both into a checkpoint's metadata.
void noteSpeed(const RunOptions& options, std::map<std::string, std::string>& metadata);

}  // namespace drgan::train
