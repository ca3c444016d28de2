// SPDX-License-Identifier: Apache-2.0
#include "nn/graph/graph.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace drgan::nn {

using nlohmann::json;

namespace {

std::shared_ptr<torch::nn::Module> makeModule(const Node& n) {
    if (n.op == "Conv") {
        auto options =
            torch::nn::Conv2dOptions(n.integer("in"), n.integer("out"), torch::ExpandingArray<2>(n.integers("kernel")))
                .stride(torch::ExpandingArray<2>(n.integers("stride")))
                .padding(torch::ExpandingArray<2>(n.integers("padding")))
                .groups(n.integer("groups"))
                .bias(n.attributes.at("bias").get<bool>());
        return torch::nn::Conv2d(options).ptr();
    }
    if (n.op == "ConvTranspose") {
        auto options = torch::nn::ConvTranspose2dOptions(n.integer("in"), n.integer("out"),
                                                         torch::ExpandingArray<2>(n.integers("kernel")))
                           .stride(torch::ExpandingArray<2>(n.integers("stride")))
                           .padding(torch::ExpandingArray<2>(n.integers("padding")))
                           .output_padding(torch::ExpandingArray<2>(n.integers("output_padding")))
                           .groups(n.integer("groups"))
                           .bias(n.attributes.at("bias").get<bool>());
        return torch::nn::ConvTranspose2d(options).ptr();
    }
    if (n.op == "BatchNormalization") {
        return torch::nn::BatchNorm2d(torch::nn::BatchNorm2dOptions(n.integer("channels")).eps(n.number("epsilon")))
            .ptr();
    }
    if (n.op == "Gemm") {
        return torch::nn::Linear(n.integer("in"), n.integer("out")).ptr();
    }
    if (n.op == "PRelu") {
        return torch::nn::PReLU(torch::nn::PReLUOptions().num_parameters(n.integer("channels"))).ptr();
    }
    return nullptr;
}

json convAttributes(const GraphImpl::ConvShape& s) {
    return {{"in", s.in},           {"out", s.out},       {"kernel", s.kernel}, {"stride", s.stride},
            {"padding", s.padding}, {"groups", s.groups}, {"bias", s.bias}};
}

json poolAttributes(const GraphImpl::PoolShape& s) {
    return {{"kernel", s.kernel}, {"stride", s.stride}, {"padding", s.padding}};
}

/// @param wanted -1: any
bool fits(torch::IntArrayRef sizes, const std::vector<int64_t>& wanted) {
    return std::equal(sizes.begin(), sizes.end(), wanted.begin(), wanted.end(),
                      [](int64_t size, int64_t w) { return w < 0 || size == w; });
}

}  // namespace

GraphImpl::GraphImpl(const json& description) {
    for (const auto& item : description.at("inputs")) {
        input(item.at("name"), item.at("shape"));
    }
    for (const auto& item : description.at("nodes")) {
        Node node;
        node.op = item.at("op");
        node.inputs = item.at("inputs").get<std::vector<std::string>>();
        node.output = item.at("output");
        node.attributes = item.at("attributes");
        append(std::move(node));
    }
    for (const auto& item : description.at("outputs")) {
        output(item.at("name"), item.at("edge"));
    }
}

std::string GraphImpl::append(std::string op, std::vector<std::string> inputs, json attributes) {
    Node node;
    node.op = std::move(op);
    node.inputs = std::move(inputs);
    node.output = "e" + std::to_string(nodes_.size());
    node.attributes = attributes.is_null() ? json::object() : std::move(attributes);
    return append(std::move(node));
}

std::string GraphImpl::append(Node node) {
    node.module = makeModule(node);
    if (node.module) {
        register_module(node.op + std::to_string(nodes_.size()), node.module);
    }
    nodes_.push_back(std::move(node));
    return nodes_.back().output;
}

std::string GraphImpl::input(const std::string& name, std::vector<int64_t> shape) {
    inputs_[name] = std::move(shape);
    return name;
}

std::string GraphImpl::conv(const std::string& x, const ConvShape& shape) {
    return append("Conv", {x}, convAttributes(shape));
}

std::string GraphImpl::convTranspose(const std::string& x, const ConvShape& shape) {
    json attributes = convAttributes(shape);
    attributes["output_padding"] = shape.outputPadding;
    return append("ConvTranspose", {x}, attributes);
}

std::string GraphImpl::batchNorm(const std::string& x, int64_t channels, double epsilon) {
    return append("BatchNormalization", {x}, {{"channels", channels}, {"epsilon", epsilon}});
}

std::string GraphImpl::linear(const std::string& x, int64_t in, int64_t out) {
    return append("Gemm", {x}, {{"in", in}, {"out", out}});
}

std::string GraphImpl::prelu(const std::string& x, int64_t channels) {
    return append("PRelu", {x}, {{"channels", channels}});
}

std::string GraphImpl::elu(const std::string& x) { return append("Elu", {x}); }
std::string GraphImpl::relu(const std::string& x) { return append("Relu", {x}); }
std::string GraphImpl::softmax(const std::string& x) { return append("Softmax", {x}); }
std::string GraphImpl::clip(const std::string& x, double low, double high) {
    return append("Clip", {x}, {{"min", low}, {"max", high}});
}
std::string GraphImpl::tanh(const std::string& x) { return append("Tanh", {x}); }
std::string GraphImpl::sigmoid(const std::string& x) { return append("Sigmoid", {x}); }
std::string GraphImpl::add(const std::string& a, const std::string& b) { return append("Add", {a, b}); }
std::string GraphImpl::concat(const std::vector<std::string>& x) { return append("Concat", x); }
std::string GraphImpl::flatten(const std::string& x) { return append("Flatten", {x}); }
std::string GraphImpl::reshape(const std::string& x, const std::vector<int64_t>& shape) {
    return append("Reshape", {x}, {{"shape", shape}});
}
std::string GraphImpl::upsample(const std::string& x) { return append("Resize", {x}); }
std::string GraphImpl::fillRight(const std::string& x, int64_t columns) {
    return append("Pad", {x}, {{"columns", columns}});
}
std::string GraphImpl::firstColumns(const std::string& x, int64_t columns) {
    return append("Slice", {x}, {{"columns", columns}});
}
std::string GraphImpl::maxPool(const std::string& x, const PoolShape& shape) {
    return append("MaxPool", {x}, poolAttributes(shape));
}
std::string GraphImpl::averagePool(const std::string& x, const PoolShape& shape) {
    return append("AveragePool", {x}, poolAttributes(shape));
}
std::string GraphImpl::globalAveragePool(const std::string& x) { return append("GlobalAveragePool", {x}); }

void GraphImpl::output(const std::string& name, const std::string& edge) { outputs_.emplace_back(name, edge); }

std::vector<bool> GraphImpl::needed(const std::vector<std::string>& wanted) const {
    std::set<std::string> open;
    for (const auto& [name, edge] : outputs_) {
        if (wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end()) {
            open.insert(edge);
        }
    }
    if (!wanted.empty() && open.size() != wanted.size()) {
        throw std::runtime_error("network graph: it has no output '" + wanted.back() + "'");
    }
    std::vector<bool> result(nodes_.size(), false);
    for (size_t i = nodes_.size(); i-- > 0;) {
        if (open.count(nodes_[i].output) != 0) {
            result[i] = true;
            open.insert(nodes_[i].inputs.begin(), nodes_[i].inputs.end());
        }
    }
    return result;
}

Edges GraphImpl::forward(const Edges& given, const std::vector<std::string>& wanted) {
    Edges edges;
    for (const auto& [name, shape] : inputs_) {
        const auto it = given.find(name);
        if (it == given.end()) {
            throw std::runtime_error("network graph: input '" + name + "' is missing");
        }
        if (!fits(it->second.sizes().slice(1), shape)) {
            std::ostringstream text;
            text << "network graph: input '" << name << "' is " << it->second.sizes() << ", expected [N] + "
                 << torch::IntArrayRef(shape);
            throw std::runtime_error(text.str());
        }
        edges[name] = it->second;
    }
    // Edges are dropped after their last use, so that inference does not hold every feature map.
    std::map<std::string, size_t> lastUse;
    for (size_t i = 0; i < nodes_.size(); ++i) {
        for (const auto& name : nodes_[i].inputs) {
            lastUse[name] = i;
        }
    }
    for (const auto& [name, edge] : outputs_) {
        lastUse[edge] = nodes_.size();
    }
    const std::vector<bool> isNeeded = needed(wanted);
    for (size_t i = 0; i < nodes_.size(); ++i) {
        if (!isNeeded[i]) {
            continue;
        }
        const Node& node = nodes_[i];
        edges[node.output] = run(node, edges);
        for (const auto& name : node.inputs) {
            if (lastUse[name] == i) {
                edges.erase(name);
            }
        }
    }
    Edges result;
    for (const auto& [name, edge] : outputs_) {
        const auto it = edges.find(edge);
        if (it != edges.end()) {
            // Under autocast, maps may be of half precision; losses and averages are not to be.
            result[name] = it->second.to(torch::kFloat32);
        }
    }
    return result;
}

json GraphImpl::toJson() const {
    json result{{"inputs", json::array()}, {"nodes", json::array()}, {"outputs", json::array()}};
    for (const auto& [name, shape] : inputs_) {
        result["inputs"].push_back({{"name", name}, {"shape", shape}});
    }
    for (const auto& n : nodes_) {
        result["nodes"].push_back(
            {{"op", n.op}, {"inputs", n.inputs}, {"output", n.output}, {"attributes", n.attributes}});
    }
    for (const auto& [name, edge] : outputs_) {
        result["outputs"].push_back({{"name", name}, {"edge", edge}});
    }
    return result;
}

Graph withOutputs(const Graph& graph, const std::vector<std::string>& outputs) {
    const std::vector<bool> kept = graph->needed(outputs);
    json description = graph->toJson();
    json nodes = json::array(), names = json::array();
    for (size_t i = 0; i < kept.size(); ++i) {
        if (kept[i]) {
            nodes.push_back(description["nodes"][i]);
        }
    }
    for (const auto& item : description["outputs"]) {
        if (std::find(outputs.begin(), outputs.end(), item.at("name").get<std::string>()) != outputs.end()) {
            names.push_back(item);
        }
    }
    description["nodes"] = nodes;
    description["outputs"] = names;
    Graph result(description);
    size_t next = 0;  // modules are numbered by their place, which may have changed: copy node by node
    for (size_t i = 0; i < kept.size(); ++i) {
        if (!kept[i]) {
            continue;
        }
        const Node& to = result->nodes()[next++];
        if (to.module) {
            copyWeights(*to.module, *graph->nodes()[i].module);
        }
    }
    result->train(graph->is_training());
    return result;
}

Graph joined(const Graph& first, const Graph& second) {
    json description = first->toJson(), other = second->toJson();
    const auto renamed = [&](const std::string& edge) {
        return second->inputs().count(edge) > 0 ? edge : "joined_" + edge;
    };
    for (json& item : other["inputs"]) {
        const auto known = first->inputs().find(item.at("name").get<std::string>());
        if (known == first->inputs().end()) {
            description["inputs"].push_back(item);
        } else if (json(known->second) != item.at("shape")) {
            throw std::runtime_error("networks to be joined: their input \"" + known->first + "\" has two shapes");
        }
    }
    for (json& node : other["nodes"]) {
        for (json& edge : node["inputs"]) {
            edge = renamed(edge.get<std::string>());
        }
        node["output"] = renamed(node.at("output").get<std::string>());
        description["nodes"].push_back(node);
    }
    for (json& item : other["outputs"]) {
        description["outputs"].push_back(
            {{"name", item.at("name")}, {"edge", renamed(item.at("edge").get<std::string>())}});
    }
    Graph result(description);
    size_t next = 0;
    for (const Graph* part : {&first, &second}) {
        for (const Node& node : (*part)->nodes()) {
            const Node& to = result->nodes()[next++];
            if (to.module) {
                copyWeights(*to.module, *node.module);
            }
        }
    }
    result->train(first->is_training());
    return result;
}

void copyWeights(torch::nn::Module& to, const torch::nn::Module& from) {
    torch::NoGradGuard noGrad;
    auto copy = [](auto& target, const auto& source) {
        for (auto& item : target) {
            item.value().copy_(source[item.key()]);
        }
    };
    auto parameters = to.named_parameters();
    copy(parameters, from.named_parameters());
    auto buffers = to.named_buffers();
    copy(buffers, from.named_buffers());
}

}  // namespace drgan::nn
