// SPDX-License-Identifier: Apache-2.0
#include "nn/process_group.hpp"

#include <utility>

namespace drgan::nn {

namespace {

class Alone : public Group {
public:
    int rank() const override { return 0; }
    int size() const override { return 1; }
    void sum(torch::Tensor&) override {}
    void broadcast(torch::Tensor&) override {}
};

std::shared_ptr<Group>& current() {
    static std::shared_ptr<Group> group = std::make_shared<Alone>();
    return group;
}

class SumAcross : public torch::autograd::Function<SumAcross> {
public:
    static torch::Tensor forward(torch::autograd::AutogradContext*, const torch::Tensor& x) {
        torch::Tensor result = x.detach().clone(torch::MemoryFormat::Contiguous);
        group().sum(result);
        return result;
    }
    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext*,
                                                 const torch::autograd::tensor_list& gradients) {
        torch::Tensor gradient = gradients[0].clone(torch::MemoryFormat::Contiguous);
        group().sum(gradient);
        return {gradient};
    }
};

}  // namespace

Group& group() { return *current(); }

std::shared_ptr<Group> setGroup(std::shared_ptr<Group> group) {
    return std::exchange(current(), group ? std::move(group) : std::make_shared<Alone>());
}

torch::Tensor sumAcross(const torch::Tensor& x) { return group().size() > 1 ? SumAcross::apply(x) : x; }

torch::Tensor averageAcross(const torch::Tensor& x) { return sumAcross(x) / static_cast<double>(group().size()); }

torch::Tensor meanAcross(const torch::Tensor& sum, const torch::Tensor& count) {
    constexpr double smallest = 1e-8;
    return sum * static_cast<double>(group().size()) / sumAcross(count.detach()).clamp_min(smallest);
}

torch::Tensor randAcross(int64_t rows, int64_t columns) {
    return torch::rand({rows * group().size(), columns}).narrow(0, rows * group().rank(), rows);
}

namespace {

/// By the statistics of all processes' pictures.
torch::Tensor batchNormAcross(torch::nn::BatchNorm2dImpl& module, const torch::Tensor& x) {
    const auto processes = static_cast<double>(group().size());
    const double count = static_cast<double>(x.numel() / x.size(1)) * processes;
    auto perChannel = [](const torch::Tensor& t) { return t.view({1, -1, 1, 1}); };
    const torch::Tensor input = x.to(torch::kFloat);  // statistics of bfloat16 would be coarse, and Gloo sums none
    const torch::Tensor mean = sumAcross(input.sum({0, 2, 3})) / count;
    const torch::Tensor centred = input - perChannel(mean);
    const torch::Tensor variance = sumAcross((centred * centred).sum({0, 2, 3})) / count;
    {
        torch::NoGradGuard noGrad;
        const double momentum = module.options.momentum().value_or(0.1);
        module.running_mean.lerp_(mean, momentum);
        module.running_var.lerp_(variance * (count / (count - 1)), momentum);
        module.num_batches_tracked.add_(1);
    }
    const torch::Tensor scale = module.weight / (variance + module.options.eps()).sqrt();
    return (centred * perChannel(scale) + perChannel(module.bias)).to(x.scalar_type());
}

}  // namespace

torch::Tensor batchNorm(torch::nn::BatchNorm2dImpl& module, const torch::Tensor& x) {
    return group().size() > 1 && module.is_training() ? batchNormAcross(module, x) : module.forward(x);
}

}  // namespace drgan::nn
