// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace drgan::nn {

/// One operation of a Graph: what it is called in ONNX, its edges, its numbers and, where it has weights, its module.
struct Node {
    std::string op;  ///< ONNX operator name
    std::vector<std::string> inputs;
    std::string output;
    nlohmann::json attributes = nlohmann::json::object();
    std::shared_ptr<torch::nn::Module> module;  ///< null for operations without weights

    int64_t integer(const char* name) const { return attributes.at(name).get<int64_t>(); }
    double number(const char* name) const { return attributes.at(name).get<double>(); }
    std::vector<int64_t> integers(const char* name) const { return attributes.at(name).get<std::vector<int64_t>>(); }
};

using Edges = std::map<std::string, torch::Tensor>;

/// A feed-forward network as a list of live modules in the order in which they run.
///
/// Every network here is one: those of the paper, written with the methods below so that building reads like
/// forward(), and those read from ONNX. So there is one forward pass, one ONNX writer and one checkpoint format.
/// Each building method returns the name of its output edge.
class GraphImpl : public torch::nn::Module {
public:
    struct ConvShape {
        int64_t in, out;
        std::vector<int64_t> kernel{3, 3}, stride{1, 1}, padding{1, 1};
        std::vector<int64_t> outputPadding{0, 0};  ///< of a transposed convolution
        int64_t groups = 1;
        bool bias = true;
    };
    struct PoolShape {
        std::vector<int64_t> kernel{2, 2}, stride{2, 2}, padding{0, 0};
    };

    GraphImpl() = default;
    /// Rebuilds a graph (with fresh weights) from what toJson() gave.
    explicit GraphImpl(const nlohmann::json& description);

    /// @param shape without the batch axis; -1: a side that each call chooses
    std::string input(const std::string& name, std::vector<int64_t> shape);
    std::string conv(const std::string& x, const ConvShape& shape);
    std::string convTranspose(const std::string& x, const ConvShape& shape);
    std::string batchNorm(const std::string& x, int64_t channels, double epsilon = 1e-5);
    std::string linear(const std::string& x, int64_t in, int64_t out);
    std::string prelu(const std::string& x, int64_t channels);
    std::string elu(const std::string& x);
    std::string relu(const std::string& x);
    std::string softmax(const std::string& x);  ///< along the last axis
    std::string clip(const std::string& x, double low, double high);
    std::string tanh(const std::string& x);
    std::string sigmoid(const std::string& x);
    std::string add(const std::string& a, const std::string& b);
    std::string concat(const std::vector<std::string>& x);                         ///< along axis 1
    std::string flatten(const std::string& x);                                     ///< to [N, rest]
    std::string reshape(const std::string& x, const std::vector<int64_t>& shape);  ///< shape without the batch axis
    std::string upsample(const std::string& x);                                    ///< nearest neighbour, x2
    std::string fillRight(const std::string& x, int64_t columns);     ///< columns of zeros on the right of a map
    std::string firstColumns(const std::string& x, int64_t columns);  ///< the first columns of a map
    std::string maxPool(const std::string& x, const PoolShape& shape);
    std::string averagePool(const std::string& x, const PoolShape& shape);
    std::string globalAveragePool(const std::string& x);
    void output(const std::string& name, const std::string& edge);  ///< gives an edge its public name

    /// Runs the graph; the result holds the outputs by their public names.
    /// @param wanted the outputs to compute, and nothing that only others need; empty: all
    Edges forward(const Edges& inputs, const std::vector<std::string>& wanted = {});

    /// Which nodes these outputs (empty: all) depend on. @throws std::runtime_error for an output that does not exist
    std::vector<bool> needed(const std::vector<std::string>& wanted) const;

    const std::vector<Node>& nodes() const { return nodes_; }
    const std::map<std::string, std::vector<int64_t>>& inputs() const { return inputs_; }
    /// Public name and edge, in the order in which they were declared.
    const std::vector<std::pair<std::string, std::string>>& outputs() const { return outputs_; }
    nlohmann::json toJson() const;

private:
    std::string append(std::string op, std::vector<std::string> inputs, nlohmann::json attributes = {});
    std::string append(Node node);
    torch::Tensor run(const Node& node, const Edges& edges);

    std::vector<Node> nodes_;
    std::map<std::string, std::vector<int64_t>> inputs_;
    std::vector<std::pair<std::string, std::string>> outputs_;
};
TORCH_MODULE(Graph);

/// A copy of the network, with its own weights, that has only these outputs.
Graph withOutputs(const Graph& graph, const std::vector<std::string>& outputs);

/// One network of two that take the same inputs: with the outputs of both, and copies of their weights.
Graph joined(const Graph& first, const Graph& second);

/// Copies every parameter and buffer of `from` into `to`, which has the same structure.
void copyWeights(torch::nn::Module& to, const torch::nn::Module& from);

}  // namespace drgan::nn
