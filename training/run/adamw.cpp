// SPDX-License-Identifier: Apache-2.0
#include "run/adamw.hpp"

#include <cmath>

namespace drgan::train {

AdamW::AdamW(std::vector<torch::Tensor> parameters, Options options)
    : parameters_(std::move(parameters)), options_(options) {
    for (const auto& p : parameters_) {
        first.push_back(torch::zeros_like(p));
        second.push_back(torch::zeros_like(p));
    }
}

void AdamW::zeroGrad() {
    for (auto& p : parameters_) {
        p.mutable_grad() = torch::Tensor();
    }
}

void AdamW::step(double learningRate) {
    torch::NoGradGuard noGrad;
    ++steps;
    const double correction1 = 1 - std::pow(options_.beta1, static_cast<double>(steps));
    const double correction2 = 1 - std::pow(options_.beta2, static_cast<double>(steps));
    for (size_t i = 0; i < parameters_.size(); ++i) {
        torch::Tensor& p = parameters_[i];
        const torch::Tensor& gradient = p.grad();
        if (!gradient.defined()) {
            continue;
        }
        first[i].mul_(options_.beta1).add_(gradient, 1 - options_.beta1);
        second[i].mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
        // Biases, slopes and normalisation keep their size: decay is for weight matrices.
        if (options_.weightDecay > 0 && p.dim() > 1) {
            p.mul_(1 - learningRate * options_.weightDecay);
        }
        const torch::Tensor spread = (second[i] / correction2).sqrt_().add_(options_.epsilon);
        p.addcdiv_(first[i], spread, -learningRate / correction1);
    }
}

}  // namespace drgan::train
