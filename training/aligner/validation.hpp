// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "aligner/batches.hpp"
#include "nn/graph/graph.hpp"

namespace drgan::train {

/// How well crops are understood. A number is NaN where there is nothing to measure it on.
struct AlignerErrors {
    double front =
        0;  ///< mean distance of a landmark from its place / the face's eye-mouth distance, |yaw| < 45 degrees
    double side = 0;  ///< the same beyond
    double yaw = 0;   ///< mean, degrees
    double auc = 0;   ///< of the face score: share of pairs of a face and a miss in which the face has the higher one

    /// What checkpoints are chosen by, lower is better: the mean of both landmark errors.
    double score() const;
};

/// @param found outputs of nn::aligner for all crops
/// @param landmarks [B,10], yaw [B] in units of 90 degrees, face [B]: the truth
AlignerErrors alignerErrors(const nn::Edges& found, const torch::Tensor& landmarks, const torch::Tensor& yaw,
                            const torch::Tensor& face);

/// Runs the network, in evaluation mode, on all batches.
AlignerErrors validateAligner(nn::Graph& network, const std::vector<AlignerBatch>& batches,
                              const torch::Device& device);

}  // namespace drgan::train
