// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/checkpoint.hpp"
#include "dr_gan/options.hpp"
#include "nn/graph/graph.hpp"

/// What encoder a run begins with.
namespace drgan::train {

/// A recogniser as the encoder, by the options' channel order, mean and scale.
nn::Graph importEncoder(const std::string& file, const DrGanOptions& options);

/// The encoder of --start, else --encoder's; --blend comes later.
/// @param start the checkpoint that --start names; an empty one without it
/// @param imageSize pixels of a fresh one's pictures
/// @throws std::invalid_argument where --encoder is neither casia nor onnx:FILE
nn::Graph firstEncoder(const DrGanOptions& options, const Checkpoint& start, int64_t imageSize);

/// Moves the weights that make embeddings a part of the way to another network's; confidences stay.
/// (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022: between a network and what it was fine-tuned
/// to lie networks that are good at what both can do.)
/// @throws std::runtime_error where the other one (DrGanOptions::blend) has other layers
void blendEncoder(nn::Graph& encoder, const DrGanOptions& options);

}  // namespace drgan::train
