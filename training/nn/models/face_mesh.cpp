// SPDX-License-Identifier: Apache-2.0
#include "nn/models/face_mesh.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "io/face_mesh.hpp"
#include "nn/models/blocks.hpp"

namespace drgan::nn {

namespace {

constexpr double leastEyeDistance = 1;  // pixel: nothing is divided by less
constexpr auto values = static_cast<int64_t>(3 * io::meshPoints);

torch::Tensor middle(const torch::Tensor& points, const int (&corners)[2]) {
    return (points.select(1, corners[0]) + points.select(1, corners[1])) / 2;
}

}  // namespace

Graph faceMesh(const MeshSpec& spec) {
    if (spec.imageSize <= 0 || spec.imageSize % 32 != 0) {
        throw std::invalid_argument("face mesh: image size " + std::to_string(spec.imageSize) +
                                    ", expected a multiple of 32");
    }
    Graph graph;
    GraphImpl& g = *graph;
    const int64_t a = scaled(16, spec.width), b = scaled(32, spec.width), c = scaled(64, spec.width),
                  d = scaled(96, spec.width), e = scaled(128, spec.width), map = spec.imageSize / 32;
    const auto smaller = [&](const std::string& x, int64_t in, int64_t out) {
        return g.prelu(separable(g, x, in, out, 2), out);
    };
    std::string x = g.input(meshImage, {3, spec.imageSize, spec.imageSize});
    x = convNormPrelu(g, x, halving(3, a));
    x = residual(g, smaller(x, a, b), b, 2);
    x = residual(g, smaller(x, b, c), c, 3);
    x = residual(g, smaller(x, c, d), d, 3);
    x = residual(g, smaller(x, d, e), e, 2);
    x = g.flatten(g.prelu(pointwise(g, x, e, b), b));
    const int64_t cells = b * map * map;
    const std::string face = g.linear(x, cells, 1);
    g.output(meshPlaces, g.linear(g.linear(x, cells, spec.features), spec.features, values));
    g.output(meshFace, g.sigmoid(face));
    return graph;
}

void startFromMeshes(Graph& network, const torch::Tensor& meshes) {
    const torch::NoGradGuard noGrad;
    const auto& nodes = network->nodes();
    const auto last = std::find_if(nodes.begin(), nodes.end(),
                                   [](const Node& node) { return node.op == "Gemm" && node.integer("out") == values; });
    auto* layer = last->module->as<torch::nn::Linear>();
    const torch::Tensor mean = meshes.mean(0, true);
    const auto [left, sizes, components] = at::linalg_svd((meshes - mean).to(torch::kFloat32), false);
    const int64_t count = std::min(sizes.size(0), layer->weight.size(1));
    const torch::Tensor deviations = components * (sizes / std::sqrt(static_cast<double>(meshes.size(0)))).unsqueeze(1);
    layer->bias.copy_(mean.flatten());
    layer->weight.zero_();
    layer->weight.slice(1, 0, count).copy_(deviations.slice(0, 0, count).t());
}

torch::Tensor eyeDistance(const torch::Tensor& meshes) {
    const torch::Tensor points = meshes.view({-1, static_cast<int64_t>(io::meshPoints), 3});
    return (middle(points, io::rightEyeCorners) - middle(points, io::leftEyeCorners)).norm(2, 1);
}

MeshLosses meshLosses(const torch::Tensor& found, const torch::Tensor& target, const torch::Tensor& face) {
    const torch::Tensor unit = eyeDistance(target).clamp_min(leastEyeDistance).view({-1, 1, 1});
    const torch::Tensor apart = wing((found - target).abs().view({-1, static_cast<int64_t>(io::meshPoints), 3}) / unit);
    return {meanOfFaces(apart.slice(2, 0, 2).mean({1, 2}), face), meanOfFaces(apart.select(2, 2).mean(1), face)};
}

}  // namespace drgan::nn
