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
constexpr double cornerWeight = 0.5;     // of the offsets beside GIoU
constexpr double mostSides = 6;          // logarithm of a box's side / stride, at most: exp() stays finite
constexpr double leastScore = 1e-6;      // logarithms of scores stay finite

int64_t scaled(int64_t channels, double width) {
    return std::max<int64_t>(2, std::llround(static_cast<double>(channels) * width));
}

/// The layers of YuNet, as far as its features of stride 32, and what the coarse maps know going down to the finer
/// ones.
class Builder {
public:
    Builder(GraphImpl& graph, const DetectorSpec& spec) : g_(graph), spec_(spec) {}

    void build() {
        const int64_t a = scaled(16, spec_.width), c = scaled(64, spec_.width);
        std::string x = g_.input(contract::detectorImage, {3, -1, -1});
        GraphImpl::ConvShape first{3, a};
        first.stride = {2, 2};
        x = g_.relu(normalised(g_.conv(x, first), a));
        x = unit(x, a, a);
        x = unit(unit(g_.maxPool(x, {}), a, a), a, c);  // stride 4
        x = unit(unit(x, c, c), c, c);
        const std::string fine = stage(x, c);  // stride 8
        const std::string middle = stage(fine, c);
        const std::string coarse = stage(middle, c);
        const std::string wide = more(coarse, knownOf(coarse, c));
        const std::string middleToo = more(middle, g_.upsample(knownOf(wide, c)));
        const std::string fineToo = more(fine, g_.upsample(knownOf(middleToo, c)));
        heads(fineToo, c, 0);
        heads(middleToo, c, 1);
        heads(wide, c, 2);
    }

private:
    std::string normalised(const std::string& x, int64_t channels) {
        return spec_.normalised ? g_.batchNorm(x, channels) : x;
    }

    /// Pointwise, then depthwise 3x3.
    std::string separable(const std::string& x, int64_t in, int64_t out) {
        GraphImpl::ConvShape depthwise{out, out};
        depthwise.groups = out;
        return g_.conv(g_.conv(x, {in, out, {1, 1}, {1, 1}, {0, 0}}), depthwise);
    }

    std::string unit(const std::string& x, int64_t in, int64_t out) {
        return g_.relu(normalised(separable(x, in, out), out));
    }

    /// Half the size.
    std::string stage(const std::string& x, int64_t channels) {
        return unit(unit(g_.maxPool(x, {}), channels, channels), channels, channels);
    }

    /// What a map adds to another one: initially nothing, so that weights which knew that one know the sum.
    std::string knownOf(const std::string& map, int64_t channels) {
        const std::string known = separable(map, channels, channels);
        const torch::NoGradGuard noGrad;
        auto* last = g_.nodes().back().module->as<torch::nn::Conv2d>();
        last->weight.zero_();
        last->bias.zero_();
        return known;
    }

    std::string more(const std::string& map, const std::string& added) { return g_.relu(g_.add(map, added)); }

    void heads(const std::string& map, int64_t channels, size_t level) {
        const int64_t hidden = yunetAnchors[level] * yunetValues;
        const std::string x = separable(unit(map, channels, channels), channels, hidden);
        const auto logit = static_cast<float>(std::log(rareFace / (1 - rareFace)));
        const auto side = static_cast<float>(std::log(firstSides));
        g_.output(contract::detectorScore[level], g_.sigmoid(result(x, hidden, {logit})));
        g_.output(contract::detectorBox[level], result(x, hidden, {0, 0, side, side}));
        g_.output(contract::detectorLandmarks[level], result(x, hidden, std::vector<float>(10, 0)));
    }

    /// A pointwise convolution that initially gives almost the same everywhere.
    std::string result(const std::string& x, int64_t in, const std::vector<float>& first) {
        const std::string name = g_.conv(x, {in, static_cast<int64_t>(first.size()), {1, 1}, {1, 1}, {0, 0}});
        torch::NoGradGuard noGrad;
        auto* last = g_.nodes().back().module->as<torch::nn::Conv2d>();
        last->weight.mul_(0.1);
        last->bias.copy_(torch::tensor(first));
        return name;
    }

    GraphImpl& g_;
    const DetectorSpec& spec_;
};

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

/// How far boxes [P,4] are from others: of the centre in units of the side, and of the logarithms of both sides. [P]
torch::Tensor offsets(const torch::Tensor& box, const torch::Tensor& wanted) {
    const torch::Tensor apart = (box - wanted).abs();
    return (apart.slice(1, 0, 2) / wanted.slice(1, 2, 4).exp()).sum(1) + apart.slice(1, 2, 4).sum(1);
}

}  // namespace

Graph detector(const DetectorSpec& spec) {
    Graph graph;
    Builder(*graph, spec).build();
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
            wanted = wanted.index_put({t.positive}, iou.detach().sqrt());
            losses.box = losses.box + (1 - giou).sum() + cornerWeight * offsets(box, t.box).sum();
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
