// SPDX-License-Identifier: Apache-2.0
#include "nn/graph/onnx_import.hpp"

#include <stdexcept>

#include "nn/graph/onnx_reader.hpp"
#include "opencv2/drgan/model_contract.hpp"

namespace drgan::nn {

namespace contract = cv::drgan::contract;

namespace {

/// Linear + sigmoid on what goes into the last layer, initially 0.5 for every picture.
void addConfidence(GraphImpl& graph) {
    std::string x;
    int64_t channels = 0;
    bool spatial = false;
    for (const Node& node : graph.nodes()) {
        if (node.op == "Conv" || node.op == "Gemm") {
            x = node.inputs.front();
            channels = node.integer("in");
            spatial = node.op == "Conv";
        }
    }
    if (spatial) {
        x = graph.flatten(graph.globalAveragePool(x));
    }
    x = graph.linear(x, channels, 1);
    torch::NoGradGuard noGrad;
    auto* head = graph.nodes().back().module->as<torch::nn::Linear>();
    head->weight.zero_();
    head->bias.zero_();
    graph.output(contract::encoderConfidence, graph.sigmoid(x));
}

using Outputs = std::vector<std::pair<std::string, std::string>>;  // name, edge

Graph withNames(const Graph& graph, const Outputs& outputs) {
    nlohmann::json description = graph->toJson();
    description["outputs"] = nlohmann::json::array();
    for (const auto& [name, edge] : outputs) {
        description["outputs"].push_back({{"name", name}, {"edge", edge}});
    }
    Graph result(description);
    copyWeights(*result, *graph);
    return result;
}

}  // namespace

void foldConvention(torch::nn::Conv2dImpl& conv, const InputConvention& convention) {
    torch::NoGradGuard noGrad;
    for (int c = 0; c < 3; ++c) {
        auto w = conv.weight.select(1, c);
        conv.bias.add_(w.sum({1, 2}) * ((127.5 - convention.mean[c]) / convention.scale[c]));
        w.mul_(127.5 / convention.scale[c]);
    }
    if (convention.order == "BGR") {
        conv.weight.copy_(conv.weight.flip(1));
    }
}

Graph importOnnxEncoder(const std::string& path, const InputConvention& convention) {
    if (convention.order != "RGB" && convention.order != "BGR") {
        throw std::runtime_error("channel order '" + convention.order + "': expected RGB or BGR");
    }
    Graph graph = readOnnx(path, {contract::encoderImage, true});
    const auto fail = [&](const std::string& what) { throw std::runtime_error(path + ": " + what); };
    const std::vector<int64_t>& shape = graph->inputs().at(contract::encoderImage);
    if (shape.size() != 3 || shape[0] != 3 || shape[1] <= 0 || shape[1] != shape[2]) {
        fail("expected one input of shape [N, 3, S, S]");
    }
    bool folded = false;
    for (const Node& node : graph->nodes()) {
        if (node.op == "Conv" && node.inputs.front() == contract::encoderImage) {
            if (node.integer("in") != 3 || node.integer("groups") != 1) {
                fail("the first convolution has " + std::to_string(node.integer("in")) +
                     " input channels, expected 3 in one group");
            }
            foldConvention(*node.module->as<torch::nn::Conv2d>(), convention);
            folded = true;
        }
    }
    if (!folded) {
        fail("the picture does not go into a convolution first");
    }
    const Outputs& outputs = graph->outputs();
    if (outputs.size() == 2 && outputs[0].first == contract::encoderConfidence &&
        outputs[1].first == contract::encoderEmbedding) {  // an exported encoder, with its head
        return withNames(graph, {outputs[1], outputs[0]});
    }
    if (outputs.size() != 1) {
        fail(std::to_string(outputs.size()) + " outputs, expected one, the embedding");
    }
    graph = withNames(graph, {{contract::encoderEmbedding, outputs[0].second}});
    addConfidence(*graph);
    return graph;
}

}  // namespace drgan::nn
