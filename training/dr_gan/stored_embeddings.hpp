// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>

#include "dr_gan/batches.hpp"
#include "nn/graph/graph.hpp"

namespace drgan::train {

/// What a frozen encoder says of a sample of the training pictures: K = BatchOptions::storedPerPerson of each person,
/// augmented like any input. A decoder that draws its inputs from here does not wait for the encoder at every step.
struct StoredEmbeddings {
    torch::Tensor embedding;   ///< [Nd K,Nf]; row number * K + k is picture k of training person `number`
    torch::Tensor confidence;  ///< [Nd K,1]
};

/// Reads the embeddings from `path`, or makes them, with progress in the log, and writes them there.
/// @param stop set from outside: nothing is written
/// @throws std::runtime_error when stopped, or if the file holds the embeddings of another encoder, seed or set of
/// people.
StoredEmbeddings readOrMakeEmbeddings(const std::string& path, nn::Graph& encoder, const Sampler& sampler,
                                      const torch::Device& device, const std::atomic<bool>& stop);

}  // namespace drgan::train
