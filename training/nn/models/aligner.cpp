// SPDX-License-Identifier: Apache-2.0
#include "nn/models/aligner.hpp"

#include <stdexcept>

#include "nn/models/blocks.hpp"
#include "opencv2/drgan/model_contract.hpp"

namespace drgan::nn {

namespace contract = cv::drgan::contract;

namespace {

constexpr double yawCorner = 0.1;       // of 90 degrees
constexpr double leastEyeMouth = 0.02;  // of the crop's side: nothing is divided by less

/// Five maps of `side` x `side` cells, and where on the average each of them says that its landmark is. @return [N,10]
std::string softArgmax(GraphImpl& g, const std::string& x, int64_t channels, int64_t side) {
    const int64_t cells = side * side;
    const std::string maps = g.conv(x, {channels, 5, {1, 1}, {1, 1}, {0, 0}});
    const std::string places = g.linear(g.flatten(g.softmax(g.reshape(maps, {5, cells}))), 5 * cells, 10);
    torch::NoGradGuard noGrad;
    const torch::Tensor middles = (torch::arange(side) + 0.5) / static_cast<double>(side);
    const torch::Tensor place = torch::stack({middles.repeat({side}), middles.repeat_interleave(side)});  // x, y
    auto* last = g.nodes().back().module->as<torch::nn::Linear>();
    last->weight.zero_();
    last->bias.zero_();
    for (int64_t i = 0; i < 5; ++i) {
        last->weight.slice(0, 2 * i, 2 * i + 2).slice(1, i * cells, (i + 1) * cells).copy_(place);
    }
    return places;
}

}  // namespace

Graph aligner(const AlignerSpec& spec) {
    if (spec.imageSize <= 0 || spec.imageSize % 16 != 0) {
        throw std::invalid_argument("aligner: image size " + std::to_string(spec.imageSize) +
                                    ", expected a multiple of 16");
    }
    Graph graph;
    GraphImpl& g = *graph;
    const int64_t a = scaled(16, spec.width), b = scaled(32, spec.width), c = scaled(48, spec.width),
                  d = scaled(64, spec.width), features = scaled(40, spec.width), map = spec.imageSize / 16;
    std::string x = g.input(contract::alignerCrop, {3, spec.imageSize, spec.imageSize});
    x = residual(g, convNormPrelu(g, x, halving(3, a)), a, 1);
    const std::string fine = x = residual(g, convNormPrelu(g, x, halving(a, b)), b, 2);
    const std::string middle = x = residual(g, convNormPrelu(g, x, halving(b, c)), c, 3);
    const std::string coarse = residual(g, g.prelu(separable(g, x, c, d, 2), d), d, 1);

    x = g.add(g.upsample(pointwise(g, coarse, d, b)), pointwise(g, middle, c, b));
    x = residual(g, g.prelu(g.add(g.upsample(x), fine), b), b, 1);
    g.output(contract::alignerLandmarks, softArgmax(g, x, b, spec.imageSize / 4));

    x = g.flatten(g.prelu(pointwise(g, coarse, d, a), a));
    x = g.relu(g.linear(x, a * map * map, features));
    g.output(contract::alignerYaw, g.linear(x, features, 1));
    g.output(contract::alignerScore, g.sigmoid(g.linear(x, features, 1)));
    return graph;
}

torch::Tensor eyeMouth(const torch::Tensor& landmarks) {
    const torch::Tensor p = landmarks.view({-1, 5, 2});
    return ((p.select(1, 0) + p.select(1, 1) - p.select(1, 3) - p.select(1, 4)) / 2).norm(2, 1);
}

torch::Tensor landmarkLoss(const torch::Tensor& found, const torch::Tensor& target, const torch::Tensor& face) {
    const torch::Tensor unit = eyeMouth(target).clamp_min(leastEyeMouth).unsqueeze(1);
    const torch::Tensor apart = (found - target).abs() / unit;
    return meanOfFaces(wing(apart).mean(1), face);
}

torch::Tensor yawLoss(const torch::Tensor& found, const torch::Tensor& target, const torch::Tensor& face) {
    const torch::Tensor known = torch::isnan(target).logical_not();
    const torch::Tensor apart = (found - torch::nan_to_num(target)).abs();
    return meanOfFaces(torch::where(apart < yawCorner, apart * apart / (2 * yawCorner), apart - yawCorner / 2),
                       face * known);
}

}  // namespace drgan::nn
