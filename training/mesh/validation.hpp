// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "mesh/batches.hpp"
#include "nn/graph/graph.hpp"

namespace drgan::train {

/// How well crops are understood. Distances are in units of that between the face's eyes in space. A number is NaN
/// where there is nothing to measure it on.
struct MeshErrors {
    /// For |yaw| below 15 degrees, from there to 45, and beyond: mean distance of a point from its place in the
    /// picture.
    std::array<double, 3> places{};
    std::array<double, 3> depth{};  ///< the same along z
    double auc = 0;                 ///< of the face score

    /// What checkpoints are chosen by, lower is better: the mean of the first two of `places`.
    double score() const;
};

/// @param found outputs of nn::faceMesh for all crops
/// @param mesh [B,3 x 468], yaw [B] degrees, face [B]: the truth
MeshErrors meshErrors(const nn::Edges& found, const torch::Tensor& mesh, const torch::Tensor& yaw,
                      const torch::Tensor& face);

/// The network's input: crops of a batch on the device, in [0,1].
torch::Tensor meshInput(const MeshBatch& batch, const torch::Device& device);

/// Runs the network, in evaluation mode, on the first batches of a sampler.
MeshErrors validateMesh(nn::Graph& network, const MeshSampler& sampler, int64_t batches, const torch::Device& device);

}  // namespace drgan::train
