// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <map>
#include <string>

#include "nn/graph/graph.hpp"
#include "run/run_folder.hpp"
#include "train/options.hpp"

/// What the runs of one small network, aligner or detector, have in common.
namespace drgan::train {

int64_t weightCount(const nn::Graph& network);

/// Takes over what an evaluation measured, but for what there was nothing to measure on: NaN.
void keepMeasured(const std::map<std::string, double>& all, std::map<std::string, double>& measured);

/// A line of progress, and one of metrics.csv with what was measured, which is done with then.
void logStep(const Options& options, int64_t step, const std::map<std::string, torch::Tensor>& losses,
             std::map<std::string, double>& measured, RunFolder& folder, Progress& progress);

}  // namespace drgan::train
