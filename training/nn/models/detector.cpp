// SPDX-License-Identifier: Apache-2.0
#include "nn/models/detector.hpp"

#include <algorithm>
#include <cmath>

#include "opencv2/drgan/model_contract.hpp"

namespace drgan::nn {

namespace contract = cv::drgan::contract;

namespace {

constexpr double rareFace = 0.01;        // initial score of every cell: few contain a face
constexpr double firstSides = 2.5;       // initial side of every box, in units of the stride
constexpr double landmarkCorner = 0.05;  // of the face's side: where the loss turns linear
constexpr double mostSides = 6;          // logarithm of a box's side / stride, at most: exp() stays finite
constexpr double leastScore = 1e-6;      // logarithms of scores stay finite

int64_t scaled(int64_t channels, double width) {
    return std::max<int64_t>(2, std::llround(static_cast<double>(channels) * width));
}

/// Depthwise 3x3, then pointwise, one normalisation for both: half the work of one each, and as good.
std::string separable(GraphImpl& g, const std::string& x, int64_t in, int64_t out, int64_t stride = 1) {
    GraphImpl::ConvShape depthwise{in, in};
    depthwise.groups = in;
    depthwise.stride = {stride, stride};
    depthwise.bias = false;
    GraphImpl::ConvShape pointwise{in, out, {1, 1}, {1, 1}, {0, 0}};
    pointwise.bias = false;
    return g.batchNorm(g.conv(g.conv(x, depthwise), pointwise), out);
}

std::string residual(GraphImpl& g, std::string x, int64_t channels, int times) {
    for (int i = 0; i < times; ++i) {
        x = g.relu(g.add(x, separable(g, x, channels, channels)));
    }
    return x;
}

std::string halving(GraphImpl& g, const std::string& x, int64_t in, int64_t out) {
    return g.relu(separable(g, x, in, out, 2));
}

/// A pointwise convolution that initially gives almost the same everywhere.
std::string result(GraphImpl& g, const std::string& x, int64_t in, const std::vector<float>& first) {
    const std::string name = g.conv(x, {in, static_cast<int64_t>(first.size()), {1, 1}, {1, 1}, {0, 0}});
    torch::NoGradGuard noGrad;
    auto* last = g.nodes().back().module->as<torch::nn::Conv2d>();
    last->weight.mul_(0.1);
    last->bias.copy_(torch::tensor(first));
    return name;
}

void heads(GraphImpl& g, const std::string& map, int64_t channels, size_t level) {
    const std::string x = residual(g, map, channels, 1);
    const auto logit = static_cast<float>(std::log(rareFace / (1 - rareFace)));
    const auto side = static_cast<float>(std::log(firstSides));
    g.output(contract::detectorScore[level], g.sigmoid(result(g, x, channels, {logit})));
    g.output(contract::detectorBox[level], result(g, x, channels, {0, 0, side, side}));
    g.output(contract::detectorLandmarks[level], result(g, x, channels, std::vector<float>(10, 0)));
}

/// [B,C,H,W] -> [B H W, C], cells in the order of rows.
torch::Tensor cells(const torch::Tensor& map) { return map.permute({0, 2, 3, 1}).reshape({-1, map.size(1)}); }

torch::Tensor smoothL1(const torch::Tensor& apart, double corner) {
    return torch::where(apart < corner, apart * apart / (2 * corner), apart - corner / 2);
}

/// Left, top, right and bottom [P] of boxes [P,4].
std::array<torch::Tensor, 4> edges(const torch::Tensor& box) {
    const torch::Tensor half = box.slice(1, 2, 4).clamp_max(mostSides).exp() / 2, middle = box.slice(1, 0, 2);
    const torch::Tensor low = middle - half, high = middle + half;
    return {low.select(1, 0), low.select(1, 1), high.select(1, 0), high.select(1, 1)};
}

}  // namespace

Graph detector(const DetectorSpec& spec) {
    Graph graph;
    GraphImpl& g = *graph;
    const int64_t a = scaled(16, spec.width), b = scaled(32, spec.width), c = scaled(64, spec.width);
    GraphImpl::ConvShape first{3, a};
    first.stride = {2, 2};
    first.bias = false;
    std::string x = g.input(contract::detectorImage, {3, -1, -1});
    x = g.relu(g.batchNorm(g.conv(x, first), a));
    x = residual(g, halving(g, x, a, b), b, 1);                       // stride 4
    const std::string fine = residual(g, halving(g, x, b, c), c, 2);  // stride 8
    const std::string middle = residual(g, halving(g, fine, c, c), c, 2);
    const std::string coarse = residual(g, halving(g, middle, c, c), c, 2);
    const std::string middleToo = g.relu(separable(g, g.add(middle, g.upsample(coarse)), c, c));
    const std::string fineToo = g.relu(separable(g, g.add(fine, g.upsample(middleToo)), c, c));
    heads(g, fineToo, c, 0);
    heads(g, middleToo, c, 1);
    heads(g, coarse, c, 2);
    return graph;
}

std::pair<torch::Tensor, torch::Tensor> overlaps(const torch::Tensor& a, const torch::Tensor& b) {
    const auto [aLeft, aTop, aRight, aBottom] = edges(a);
    const auto [bLeft, bTop, bRight, bBottom] = edges(b);
    const torch::Tensor common = (torch::min(aRight, bRight) - torch::max(aLeft, bLeft)).clamp_min(0) *
                                 (torch::min(aBottom, bBottom) - torch::max(aTop, bTop)).clamp_min(0);
    const torch::Tensor both = (aRight - aLeft) * (aBottom - aTop) + (bRight - bLeft) * (bBottom - bTop) - common;
    const torch::Tensor around = (torch::max(aRight, bRight) - torch::min(aLeft, bLeft)) *
                                 (torch::max(aBottom, bBottom) - torch::min(aTop, bTop));
    const torch::Tensor iou = common / both;
    return {iou, iou - (around - both) / around};
}

DetectorLosses detectorLosses(const Edges& found, const std::vector<CellTargets>& targets) {
    int64_t positives = 0;
    DetectorLosses losses;
    for (torch::Tensor* loss : {&losses.score, &losses.box, &losses.landmarks}) {
        *loss = torch::zeros({}, found.at(contract::detectorScore[0]).options());
    }
    for (size_t level = 0; level < targets.size(); ++level) {
        const CellTargets& t = targets[level];
        const torch::Tensor score = cells(found.at(contract::detectorScore[level])).flatten();
        torch::Tensor wanted = t.score.clamp_min(0);
        if (t.positive.numel() > 0) {
            const torch::Tensor box = cells(found.at(contract::detectorBox[level])).index_select(0, t.positive);
            const auto [iou, giou] = overlaps(box, t.box);
            wanted = wanted.index_put({t.positive}, (1 + iou.detach()) / 2);
            losses.box = losses.box + (1 - giou).sum();
            const torch::Tensor points =
                cells(found.at(contract::detectorLandmarks[level])).index_select(0, t.positive);
            const torch::Tensor side = t.box.slice(1, 2, 4).mean(1, true).exp();
            losses.landmarks =
                losses.landmarks + smoothL1((points - t.landmarks).abs() / side, landmarkCorner).mean(1).sum();
            positives += t.positive.numel();
        }
        const torch::Tensor p = score.clamp(leastScore, 1 - leastScore);
        const torch::Tensor entropy = -(wanted * p.log() + (1 - wanted) * (1 - p).log());
        const torch::Tensor off = (wanted - p).detach();
        losses.score = losses.score + (entropy * off * off * (t.score >= 0)).sum();
    }
    const double count = static_cast<double>(std::max<int64_t>(1, positives));
    return {losses.score / count, losses.box / count, losses.landmarks / count};
}

}  // namespace drgan::nn
