// SPDX-License-Identifier: Apache-2.0
#include "nn/models/aligner.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "opencv2/drgan/model_contract.hpp"

namespace drgan::nn {

namespace contract = cv::drgan::contract;

namespace {

constexpr double wing = 0.25, wingCurve = 0.05;  // of the eye-mouth distance: where the loss turns linear; its bend
constexpr double yawCorner = 0.1;                // of 90 degrees
constexpr double leastEyeMouth = 0.02;           // of the crop's side: nothing is divided by less

int64_t scaled(int64_t channels, double width) {
    return std::max<int64_t>(2, std::llround(static_cast<double>(channels) * width));
}

std::string convNorm(GraphImpl& g, const std::string& x, GraphImpl::ConvShape shape) {
    shape.bias = false;
    return g.batchNorm(g.conv(x, shape), shape.out);
}

std::string convNormPrelu(GraphImpl& g, const std::string& x, const GraphImpl::ConvShape& shape) {
    return g.prelu(convNorm(g, x, shape), shape.out);
}

GraphImpl::ConvShape halving(int64_t in, int64_t out) {
    GraphImpl::ConvShape shape{in, out};
    shape.stride = {2, 2};
    return shape;
}

std::string pointwise(GraphImpl& g, const std::string& x, int64_t in, int64_t out) {
    return convNorm(g, x, {in, out, {1, 1}, {1, 1}, {0, 0}});
}

std::string separable(GraphImpl& g, const std::string& x, int64_t in, int64_t out, int64_t stride) {
    GraphImpl::ConvShape depthwise{in, in};
    depthwise.groups = in;
    depthwise.stride = {stride, stride};
    return pointwise(g, convNormPrelu(g, x, depthwise), in, out);
}

std::string residual(GraphImpl& g, std::string x, int64_t channels, int times) {
    for (int i = 0; i < times; ++i) {
        x = g.prelu(g.add(x, separable(g, x, channels, channels, 1)), channels);
    }
    return x;
}

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

torch::Tensor meanOfFaces(const torch::Tensor& each, const torch::Tensor& face) {
    return (each * face).sum() / face.sum().clamp_min(1);
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
    const double bend = wing * std::log1p(wing / wingCurve);  // keeps the two pieces together
    const torch::Tensor each =
        torch::where(apart < wing, wing * torch::log1p(apart / wingCurve), apart + (bend - wing)).mean(1);
    return meanOfFaces(each, face);
}

torch::Tensor yawLoss(const torch::Tensor& found, const torch::Tensor& target, const torch::Tensor& face) {
    const torch::Tensor known = torch::isnan(target).logical_not();
    const torch::Tensor apart = (found - torch::nan_to_num(target)).abs();
    return meanOfFaces(torch::where(apart < yawCorner, apart * apart / (2 * yawCorner), apart - yawCorner / 2),
                       face * known);
}

torch::Tensor faceLoss(const torch::Tensor& score, const torch::Tensor& face) {
    return torch::binary_cross_entropy(score, face);
}

}  // namespace drgan::nn
