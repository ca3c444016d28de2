// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

namespace drgan::nn {

/// Moves a module's weights and statistics towards those of another one of the same layers.
/// @param share of the way, in [0, 1]
inline void blend(torch::nn::Module& to, const torch::nn::Module& from, double share) {
    torch::NoGradGuard noGrad;
    const auto move = [share](const std::vector<torch::Tensor>& mine, const std::vector<torch::Tensor>& theirs) {
        for (size_t i = 0; i < mine.size(); ++i) {
            if (mine[i].is_floating_point()) {
                mine[i].lerp_(theirs[i], share);
            }
        }
    };
    move(to.parameters(), from.parameters());
    move(to.buffers(), from.buffers());
}

}  // namespace drgan::nn
