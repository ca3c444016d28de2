// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/graph/graph.hpp"

namespace drgan::nn {

/// Gives a network the weights of a narrower one of the same layers, so that both compute the same: the first channels
/// of each layer are those of the narrow network and hear nothing of the further ones, which keep the weights that they
/// have. Training goes on from there. (After Chen et al., "Net2Net: Accelerating Learning via Knowledge Transfer",
/// ICLR 2016, whose further channels are copies instead.)
/// @throws std::runtime_error where the layers are others, or `wide` has a narrower one
void widen(Graph& wide, const Graph& narrow);

}  // namespace drgan::nn
