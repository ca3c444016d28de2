// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

#include "nn/graph/onnx_import.hpp"
#include "nn/graph/onnx_values.hpp"
#include "nn/models/detector.hpp"
#include "opencv2/drgan/model_contract.hpp"

namespace drgan::nn {

namespace contract = cv::drgan::contract;

namespace {

// Convolutions in the order of both graphs: YuNet has features up to stride 64 and four heads; the detector has them up
// to stride 32, then what goes down to finer maps, then three heads with three results each.
constexpr size_t features = 23, coarsest = 4, yunetHead = 4, yunetHeads = 4;
constexpr size_t down = 6, head = yunetHead + 3;

// Of YuNet's boxes in a cell: which one the detector starts with, and its side, pixels.
constexpr int64_t anchor[] = {1, 0, 0};
constexpr double anchorSide[] = {16, 32, 64};
constexpr double centreVariance = 0.1, sizeVariance = 0.2;
constexpr int64_t boxAt = 0, landmarksAt = 4, logitsAt = 14;  // in the values of a box

struct Weights {
    torch::Tensor weight, bias;
};

std::vector<Weights> convolutions(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw std::runtime_error(path + ": cannot be opened");
    }
    onnx::ModelProto model;
    if (!model.ParseFromIstream(&file)) {
        throw std::runtime_error(path + ": not an ONNX file, or cut short");
    }
    std::map<std::string, const onnx::TensorProto*> constants;
    for (const auto& tensor : model.graph().initializer()) {
        constants[tensor.name()] = &tensor;
    }
    std::vector<Weights> result;
    for (const auto& node : model.graph().node()) {
        if (node.op_type() != "Conv") {
            continue;
        }
        const auto at = [&](int input) {
            const auto it = input < node.input_size() ? constants.find(node.input(input)) : constants.end();
            if (it == constants.end()) {
                throw std::runtime_error(path + ": convolution " + std::to_string(result.size()) +
                                         " has no constant weights and bias");
            }
            try {
                return tensorOf(*it->second, it->first);
            } catch (const std::runtime_error& error) {
                throw std::runtime_error(path + ": " + error.what());
            }
        };
        result.push_back({at(1), at(2)});
    }
    return result;
}

std::vector<torch::nn::Conv2dImpl*> convolutions(const Graph& graph) {
    std::vector<torch::nn::Conv2dImpl*> result;
    for (const Node& node : graph->nodes()) {
        if (node.op == "Conv") {
            result.push_back(node.module->as<torch::nn::Conv2d>());
        }
    }
    return result;
}

/// Row `out` of a pointwise convolution: `gain` times one of the values below it, and an offset.
void pass(torch::nn::Conv2dImpl& conv, int64_t out, int64_t value, double gain, double offset) {
    conv.weight[out][value] = gain;
    conv.bias[out] = offset;
}

/// YuNet's boxes are centred on cells whose centre is half a stride further on, in pixels whose corner is at 0.
void takeOneBox(torch::nn::Conv2dImpl* const* results, size_t level) {
    const double stride = contract::detectorStrides[level], unit = centreVariance * anchorSide[level] / stride;
    const double centre = 0.5 - 0.5 / stride;
    const int64_t first = anchor[level] * yunetValues;
    for (size_t i = 0; i < 3; ++i) {
        results[i]->weight.zero_();
    }
    pass(*results[0], 0, first + logitsAt + 1, 1, 0);
    results[0]->weight[0][first + logitsAt] = -1;
    for (int64_t k = 0; k < 2; ++k) {
        pass(*results[1], k, first + boxAt + k, unit, centre);
        pass(*results[1], 2 + k, first + boxAt + 2 + k, sizeVariance, std::log(anchorSide[level] / stride));
    }
    for (int64_t k = 0; k < 10; ++k) {
        pass(*results[2], k, first + landmarksAt + k, unit, centre);
    }
}

}  // namespace

Graph detectorFromYunet(const std::string& path) {
    const std::vector<Weights> from = convolutions(path);
    if (from.size() != features + coarsest + yunetHead * yunetHeads) {
        throw std::runtime_error(path + ": " + std::to_string(from.size()) + " convolutions, expected the " +
                                 std::to_string(features + coarsest + yunetHead * yunetHeads) + " of YuNet of 2022");
    }
    Graph graph = detector({1, false});
    const auto to = convolutions(graph);
    const torch::NoGradGuard noGrad;
    const auto take = [&](size_t i, size_t j) {
        if (to[j]->weight.sizes() != from[i].weight.sizes() || to[j]->bias.sizes() != from[i].bias.sizes()) {
            std::ostringstream what;
            what << path << ": convolution " << i << " has weights of " << from[i].weight.sizes() << ", expected "
                 << to[j]->weight.sizes() << " as in YuNet of 2022";
            throw std::runtime_error(what.str());
        }
        to[j]->weight.copy_(from[i].weight);
        to[j]->bias.copy_(from[i].bias);
    };
    for (size_t i = 0; i < features; ++i) {
        take(i, i);
    }
    for (size_t level = 0; level < std::size(contract::detectorStrides); ++level) {
        for (size_t i = 0; i < yunetHead; ++i) {
            take(features + coarsest + yunetHead * level + i, features + down + head * level + i);
        }
        takeOneBox(to.data() + features + down + head * level + yunetHead, level);
    }
    foldConvention(*to.front(), {"BGR", {0, 0, 0}, {1, 1, 1}});
    return graph;
}

}  // namespace drgan::nn
