// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "checkpoint/checkpoint.hpp"
#include "nn/graph/graph.hpp"
#include "run/adamw.hpp"

/// What every stage does with the networks that learn.
namespace drgan::train {

/// A copy that does not learn, in evaluation mode.
nn::Graph frozenCopy(const nn::Graph& network);

/// Lays the weights of convolutions as nn::memoryFormat() says, in which they then run.
void toMemoryFormat(nn::Graph& network);

/// Moves an average towards the network; statistics of normalisations are taken over.
void moveAverage(nn::Graph& average, const nn::Graph& network, double decay);

/// The average's decay after so many steps: it follows faster at first.
double decayAt(double highest, int64_t steps);

/// Learning rate of a step, from 0: it rises over `warmup` steps and falls to 0 by half a cosine.
double rateAt(double highest, int64_t step, int64_t warmup, int64_t steps);

/// One step down a loss. Gradients are averaged over the processes, long ones cut.
void update(AdamW& optimiser, const torch::Tensor& loss, double rate);

/// Copies a network of the checkpoint into one of the same structure.
void restoreInto(nn::Graph& network, const Checkpoint& checkpoint, const std::string& name);

void saveMoments(Checkpoint& checkpoint, const std::string& name, const AdamW& optimiser);
void restoreMoments(const Checkpoint& checkpoint, const std::string& name, AdamW& optimiser);

/// A tensor of the checkpoint. @throws std::runtime_error naming it if it is not there
torch::Tensor tensorIn(const Checkpoint& checkpoint, const std::string& name);

/// A number of the checkpoint's metadata, or `otherwise` where it has none of this key.
double numberIn(const std::map<std::string, std::string>& metadata, const char* key, double otherwise);

}  // namespace drgan::train
