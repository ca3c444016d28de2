// SPDX-License-Identifier: Apache-2.0
#include "nn/kernels/norm_elu.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/models/networks.hpp"

namespace nn = drgan::nn;
using torch::Tensor;

namespace {

torch::nn::BatchNorm2d norm(int64_t channels) {
    torch::nn::BatchNorm2d result(channels);
    torch::NoGradGuard noGrad;
    result->weight.copy_(torch::linspace(-0.5, 2, channels));
    result->bias.copy_(torch::linspace(-1, 1, channels));
    result->running_mean.copy_(torch::linspace(-2, 3, channels));
    result->running_var.copy_(torch::linspace(0.1, 4, channels));
    return result;
}

struct Result {
    Tensor y, ofX, ofWeight, ofBias, mean, variance;
};

Result run(const Tensor& x, bool own, bool training, bool learns = true) {
    torch::nn::BatchNorm2d module = norm(x.size(1));
    module->train(training);
    module->weight.set_requires_grad(learns);
    module->bias.set_requires_grad(learns);
    const Tensor in = x.detach().clone(torch::MemoryFormat::Preserve).set_requires_grad(true);
    const Tensor y = own ? nn::normElu(*module, in) : torch::elu(module->forward(in));
    (y.to(torch::kFloat32) * torch::linspace(-1, 1, y.numel()).view_as(y)).sum().backward();
    return {y.detach(),           in.grad(),          module->weight.grad(), module->bias.grad(),
            module->running_mean, module->running_var};
}

/// Largest difference, in units of the largest expected value.
double apart(const Tensor& a, const Tensor& b) {
    const Tensor wanted = b.to(torch::kFloat32);
    return ((a.to(torch::kFloat32) - wanted).abs().max() / wanted.abs().max()).item<double>();
}

Tensor map(std::vector<int64_t> shape) {
    torch::manual_seed(7);
    return (torch::randn(shape) * 3 + 5).contiguous(torch::MemoryFormat::ChannelsLast);
}

TEST(NormElu, IsTorchsInTraining) {
    // more and fewer channels than a stretch has room for, a single row of pixels, other memory orders
    for (const Tensor& x : {map({5, 7, 6, 9}), map({3, 1500, 2, 2}), map({9, 3, 1, 1}), map({2, 16, 48, 48}),
                            map({4, 8, 5, 5}).contiguous(), map({4, 8, 5, 5}).slice(3, 0, 3)}) {
        const Result own = run(x, true, true), torchs = run(x, false, true);
        EXPECT_LT(apart(own.y, torchs.y), 1e-5) << x.sizes();
        EXPECT_LT(apart(own.ofX, torchs.ofX), 1e-4) << x.sizes();
        EXPECT_LT(apart(own.ofWeight, torchs.ofWeight), 1e-4) << x.sizes();
        EXPECT_LT(apart(own.ofBias, torchs.ofBias), 1e-4) << x.sizes();
        EXPECT_LT(apart(own.mean, torchs.mean), 1e-5) << x.sizes();
        EXPECT_LT(apart(own.variance, torchs.variance), 1e-5) << x.sizes();
    }
}

TEST(NormElu, IsTorchsWithFrozenStatistics) {
    const Tensor x = map({5, 7, 6, 9});
    for (const bool learns : {false, true}) {
        const Result own = run(x, true, false, learns), torchs = run(x, false, false, learns);
        EXPECT_LT(apart(own.y, torchs.y), 1e-5);
        EXPECT_LT(apart(own.ofX, torchs.ofX), 1e-5);
        EXPECT_EQ(own.ofWeight.defined(), learns);
        EXPECT_TRUE(torch::equal(own.mean, torchs.mean));
    }
}

TEST(NormElu, InHalfPrecisionIsAsNearToTheTruthAsTorchs) {
    const Tensor x = map({6, 24, 12, 12}), half = x.to(torch::kBFloat16);
    const Result truth = run(half.to(torch::kFloat32), false, true), own = run(half, true, true);
    EXPECT_EQ(own.y.scalar_type(), torch::kBFloat16);
    EXPECT_TRUE(own.y.is_contiguous(torch::MemoryFormat::ChannelsLast));
    EXPECT_LT(apart(own.y, truth.y), 0.005);
    EXPECT_LT(apart(own.ofX, truth.ofX), 0.01);
    EXPECT_LT(apart(own.ofWeight, truth.ofWeight), 0.01);
    EXPECT_LT(apart(own.variance, truth.variance), 1e-5);
}

TEST(NormElu, KeepsWhatIsNoNumber) {
    for (const auto type : {torch::kFloat32, torch::kBFloat16}) {
        Tensor x = map({2, 4, 3, 3}).to(type);
        x[0][1][0][0] = std::nan("");
        torch::nn::BatchNorm2d module = norm(4);
        EXPECT_TRUE(torch::isnan(nn::normElu(*module, x).select(1, 1)).all().item<bool>());
        EXPECT_FALSE(torch::isnan(nn::normElu(*norm(4), x).select(1, 2)).any().item<bool>());
    }
}

TEST(NormElu, StandsInAGraphForTheTwo) {
    torch::manual_seed(3);
    nn::Graph graph = nn::casiaEncoder({32, 8, 0.25});
    const Tensor x = torch::randn({6, 3, 32, 32}).contiguous(torch::MemoryFormat::ChannelsLast);
    const Tensor fused = graph->forward({{"image", x}}).at("embedding");
    // As an output, a normalised map is wanted by itself: then the two are run one by one.
    nlohmann::json description = graph->toJson();
    for (const auto& node : description["nodes"]) {
        if (node["op"] == "BatchNormalization") {
            description["outputs"].push_back({{"name", node["output"]}, {"edge", node["output"]}});
        }
    }
    nn::Graph open(description);
    nn::copyWeights(*open, *graph);
    const auto separate = open->forward({{"image", x}});
    EXPECT_GT(separate.size(), 10U);
    EXPECT_LT(apart(fused, separate.at("embedding")), 1e-4);
}

}  // namespace
