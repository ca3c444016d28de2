// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <vector>

namespace drgan::train {

/// AdamW (Loshchilov, Hutter: "Decoupled Weight Decay Regularization", ICLR 2019).
///
/// Not torch::optim::AdamW, whose state can only be saved as a pickled archive and is keyed differently in LibTorch
/// 1.x and 2.x; here the moments are plain tensors that go into the checkpoint.
class AdamW {
public:
    struct Options {
        double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
        double weightDecay = 0;
    };
    AdamW(std::vector<torch::Tensor> parameters, Options options);

    void zeroGrad();
    /// One update of every parameter that has a gradient.
    void step(double learningRate);

    const std::vector<torch::Tensor>& parameters() const { return parameters_; }
    int64_t steps = 0;
    std::vector<torch::Tensor> first, second;  ///< moments, as the parameters

private:
    std::vector<torch::Tensor> parameters_;
    Options options_;
};

}  // namespace drgan::train
