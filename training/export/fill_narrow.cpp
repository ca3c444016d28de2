// SPDX-License-Identifier: Apache-2.0
#include "export/fill_narrow.hpp"

#include <algorithm>
#include <map>

namespace drgan::exporting {

namespace {

constexpr int64_t wide = 18;         // columns: from here on cv::dnn (4.6) is fast by itself
constexpr int64_t worthFilling = 7;  // narrower: the zeros cost what the road gains

bool isDepthwise3x3(const nn::Node& n) {
    return n.op == "Conv" && n.integer("groups") > 1 && n.integer("groups") == n.integer("in") &&
           n.integer("in") == n.integer("out") && n.integers("kernel") == std::vector<int64_t>{3, 3} &&
           n.integers("padding") == std::vector<int64_t>{1, 1};
}

/// Columns of a node's map; -1: not known, or no map.
int64_t widthAfter(const nn::Node& n, int64_t width) {
    static const std::set<std::string> same{
        "BatchNormalization", "PRelu", "Elu", "Relu", "Clip", "Tanh", "Sigmoid", "Add", "Concat"};
    if (width < 0) {
        return -1;
    }
    if (n.op == "Conv" || n.op == "MaxPool" || n.op == "AveragePool") {
        return (width + 2 * n.integers("padding").at(1) - n.integers("kernel").at(1)) / n.integers("stride").at(1) + 1;
    }
    if (n.op == "Pad") {
        return width + n.integer("columns");
    }
    if (n.op == "Slice") {
        return std::min(width, n.integer("columns"));
    }
    return n.op == "Resize" ? 2 * width : same.count(n.op) != 0 ? width : -1;
}

nn::Node columns(const char* op, const std::string& from, const std::string& to, int64_t count) {
    nn::Node node;
    node.op = op;
    node.inputs = {from};
    node.output = to;
    node.attributes = {{"columns", count}};
    return node;
}

}  // namespace

bool feedsNextAlone(const nn::GraphImpl& network, const std::vector<nn::Node>& nodes, size_t i,
                    const std::set<std::string>& kinds) {
    const std::string& edge = nodes[i].output;
    if (i + 1 == nodes.size() || kinds.count(nodes[i + 1].op) == 0 || nodes[i + 1].inputs.at(0) != edge) {
        return false;
    }
    int64_t uses = 0;
    for (const auto& node : nodes) {
        uses += std::count(node.inputs.begin(), node.inputs.end(), edge);
    }
    const auto& outputs = network.outputs();
    return uses == 1 &&
           std::none_of(outputs.begin(), outputs.end(), [&](const auto& output) { return output.second == edge; });
}

std::vector<nn::Node> withNarrowMapsFilled(const nn::GraphImpl& network) {
    const auto& nodes = network.nodes();
    std::map<std::string, int64_t> widths;
    for (const auto& [name, shape] : network.inputs()) {
        widths[name] = shape.size() == 3 ? shape.back() : -1;
    }
    std::vector<nn::Node> result;
    for (size_t i = 0; i < nodes.size(); ++i) {
        const int64_t width = widths.at(nodes[i].inputs.at(0));
        const int64_t after = widths[nodes[i].output] = widthAfter(nodes[i], width);
        if (!isDepthwise3x3(nodes[i]) || width < worthFilling || width >= wide) {
            result.push_back(nodes[i]);
            continue;
        }
        // What cv::dnn takes into the convolution stays next to it: the cut comes after that.
        const size_t first = i;
        i += feedsNextAlone(network, nodes, i, {"BatchNormalization"}) ? 1 : 0;
        i += feedsNextAlone(network, nodes, i, {"PRelu", "Relu", "Clip"}) ? 1 : 0;
        const std::string& end = nodes[i].output;
        result.push_back(columns("Pad", nodes[first].inputs.at(0), end + ".filled", wide - width));
        for (size_t j = first; j <= i; ++j) {
            result.push_back(nodes[j]);
        }
        result[result.size() - 1 - (i - first)].inputs = {end + ".filled"};
        result.back().output = end + ".whole";
        result.push_back(columns("Slice", end + ".whole", end, after));
        widths[end] = after;
    }
    return result;
}

}  // namespace drgan::exporting
