// SPDX-License-Identifier: Apache-2.0
//
// What each operation of a Graph does.
#include <stdexcept>

#include "nn/graph/graph.hpp"
#include "nn/kernels/prelu.hpp"
#include "nn/process_group.hpp"

namespace drgan::nn {

namespace F = torch::nn::functional;

torch::Tensor GraphImpl::run(const Node& n, const Edges& edges) {
    const torch::Tensor& x = edges.at(n.inputs.at(0));
    if (n.op == "Conv") {
        return n.module->as<torch::nn::Conv2d>()->forward(x);
    }
    if (n.op == "ConvTranspose") {
        return n.module->as<torch::nn::ConvTranspose2d>()->forward(x);
    }
    if (n.op == "BatchNormalization") {
        return nn::batchNorm(*n.module->as<torch::nn::BatchNorm2d>(), x);
    }
    if (n.op == "Gemm") {
        return n.module->as<torch::nn::Linear>()->forward(x);
    }
    if (n.op == "PRelu") {
        return nn::prelu(x, n.module->as<torch::nn::PReLU>()->weight);
    }
    if (n.op == "Elu") {
        return torch::elu(x);
    }
    if (n.op == "Relu") {
        return torch::relu(x);
    }
    if (n.op == "Softmax") {
        return torch::softmax(x, -1);
    }
    if (n.op == "Clip") {
        return torch::clamp(x, n.number("min"), n.number("max"));
    }
    if (n.op == "Tanh") {
        return torch::tanh(x);
    }
    if (n.op == "Sigmoid") {
        return torch::sigmoid(x);
    }
    if (n.op == "Add") {
        return x + edges.at(n.inputs.at(1));
    }
    if (n.op == "Concat") {
        std::vector<torch::Tensor> parts;
        for (const auto& name : n.inputs) {
            parts.push_back(edges.at(name));
        }
        return torch::cat(parts, 1);
    }
    if (n.op == "Flatten") {
        return x.flatten(1);
    }
    if (n.op == "Reshape") {
        std::vector<int64_t> shape = n.integers("shape");
        shape.insert(shape.begin(), x.size(0));
        return x.reshape(shape);
    }
    if (n.op == "Resize") {
        return F::interpolate(
            x, F::InterpolateFuncOptions().scale_factor(std::vector<double>{2.0, 2.0}).mode(torch::kNearest));
    }
    if (n.op == "Pad") {
        return torch::constant_pad_nd(x, {0, n.integer("columns")});
    }
    if (n.op == "Slice") {
        return x.slice(3, 0, n.integer("columns"));
    }
    if (n.op == "MaxPool") {
        return torch::max_pool2d(x, n.integers("kernel"), n.integers("stride"), n.integers("padding"));
    }
    if (n.op == "AveragePool") {
        return torch::avg_pool2d(x, n.integers("kernel"), n.integers("stride"), n.integers("padding"), false, false);
    }
    if (n.op == "GlobalAveragePool") {
        return x.mean({2, 3}, true);
    }
    throw std::runtime_error("network graph: unknown operation '" + n.op + "'");
}

}  // namespace drgan::nn
