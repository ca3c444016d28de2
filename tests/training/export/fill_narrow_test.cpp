// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <algorithm>

#include "export/onnx_writer.hpp"
#include "nn/graph/onnx_import.hpp"
#include "nn/models/networks.hpp"
#include "opencv2/drgan/model_contract.hpp"
#include "temporary_folder.hpp"

namespace nn = drgan::nn;
namespace contract = cv::drgan::contract;
using drgan::exporting::toOnnx;
using drgan::test::messageOf;
using drgan::test::TemporaryFolder;
using drgan::test::writeText;
using torch::Tensor;

namespace {

/// An encoder of depthwise convolutions with both strides on maps of `width`, with and without an activation and batch
/// normalisation.
nn::Graph depthwise(int64_t width) {
    torch::manual_seed(7);
    nn::Graph graph;
    nn::GraphImpl& g = *graph;
    auto shape = [](int64_t stride) {
        nn::GraphImpl::ConvShape s{4, 4};
        s.stride = {stride, stride};
        s.groups = 4;
        return s;
    };
    std::string x = g.conv(g.input(contract::encoderImage, {3, width, width}), {3, 4});
    x = g.prelu(g.batchNorm(g.conv(x, shape(1)), 4), 4);
    x = g.add(x, g.conv(x, shape(1)));
    x = g.prelu(g.conv(x, shape(2)), 4);
    x = g.flatten(g.globalAveragePool(x));
    g.output(contract::encoderEmbedding, g.linear(x, 4, 6));
    g.output(contract::encoderConfidence, g.sigmoid(g.linear(x, 4, 1)));
    graph->forward({{contract::encoderImage, torch::rand({4, 3, width, width})}});  // statistics to fold
    graph->eval();
    return graph;
}

onnx::ModelProto parsed(const std::string& bytes) {
    onnx::ModelProto model;
    EXPECT_TRUE(model.ParseFromString(bytes));
    return model;
}

int64_t count(const onnx::ModelProto& model, const std::string& op) {
    const auto& nodes = model.graph().node();
    return std::count_if(nodes.begin(), nodes.end(), [&](const auto& node) { return node.op_type() == op; });
}

class FillNarrow : public testing::Test {
protected:
    nn::Graph import(const std::string& bytes) const {
        writeText(folder_ / "model.onnx", bytes);
        nn::Graph graph = nn::importOnnxEncoder(folder_ / "model.onnx", {});
        graph->eval();
        return graph;
    }
    TemporaryFolder folder_;
};

TEST_F(FillNarrow, TheValuesStayTheSame) {
    for (const auto& [width, filled] : {std::pair<int64_t, int>{6, 0}, {7, 3}, {14, 3}, {17, 3}, {18, 0}}) {
        nn::Graph original = depthwise(width);
        const std::string bytes = toOnnx(original, "encoder", {});
        const onnx::ModelProto model = parsed(bytes);
        EXPECT_EQ(count(model, "Pad"), filled) << width;
        EXPECT_EQ(count(model, "Slice"), filled) << width;
        EXPECT_EQ(count(model, "BatchNormalization"), 0) << width;
        for (const auto& node : model.graph().node()) {
            if (node.op_type() == "Pad") {
                EXPECT_EQ(node.attribute(0).ints(7), 18 - width);
            }
        }
        nn::Graph again = import(bytes);
        const Tensor image = torch::rand({2, 3, width, width}) * 2 - 1;
        const auto wanted = nn::encode(original, image), found = nn::encode(again, image);
        EXPECT_TRUE(torch::allclose(found.first, wanted.first, 1e-5, 1e-6)) << width;
        EXPECT_TRUE(torch::allclose(found.second, wanted.second, 1e-5, 1e-6)) << width;
        // An imported model is not padded again.
        const std::string twice = toOnnx(again, "encoder", {});
        EXPECT_EQ(count(parsed(twice), "Pad"), filled) << width;
        nn::Graph third = import(twice);
        EXPECT_TRUE(torch::equal(nn::encode(third, image).first, found.first)) << width;
    }
}

TEST_F(FillNarrow, TheActivationStaysNextToTheConvolution) {
    const onnx::ModelProto model = parsed(toOnnx(depthwise(14), "encoder", {}));
    std::vector<std::string> kinds;
    for (const auto& node : model.graph().node()) {
        kinds.push_back(node.op_type());
    }
    kinds.resize(12);
    EXPECT_EQ(kinds, (std::vector<std::string>{"Conv", "Pad", "Conv", "PRelu", "Slice", "Pad", "Conv", "Slice", "Add",
                                               "Pad", "Conv", "PRelu"}));
}

TEST_F(FillNarrow, WhatOthersUseToIsNotTakenAlong) {
    nn::Graph graph;
    nn::GraphImpl& g = *graph;
    nn::GraphImpl::ConvShape shape{4, 4};
    shape.groups = 4;
    const std::string map = g.conv(g.conv(g.input(contract::encoderImage, {3, 14, 14}), {3, 4}), shape);
    g.output(contract::encoderEmbedding, g.flatten(g.add(g.prelu(map, 4), map)));
    graph->eval();
    const std::string bytes = toOnnx(graph, "encoder", {});
    EXPECT_EQ(count(parsed(bytes), "Pad"), 1);
    const Tensor image = torch::rand({2, 3, 14, 14});
    nn::Graph again = import(bytes);
    const auto run = [&](nn::Graph& network) { return network->forward({{contract::encoderImage, image}}); };
    EXPECT_TRUE(torch::allclose(run(again).at(contract::encoderEmbedding), run(graph).at(contract::encoderEmbedding),
                                1e-5, 1e-6));
}

TEST_F(FillNarrow, OtherPaddingsAndCutsAreRefused) {
    const std::string bytes = toOnnx(depthwise(14), "encoder", {});
    const auto message = [&](auto change) {
        onnx::ModelProto model = parsed(bytes);
        for (auto& node : *model.mutable_graph()->mutable_node()) {
            change(model, node);
        }
        return messageOf([&] { import(model.SerializeAsString()); });
    };
    using Node = onnx::NodeProto;
    EXPECT_NE(message([](auto&, Node& node) {
                  if (node.op_type() == "Pad") {
                      node.mutable_attribute(0)->set_ints(3, 1);
                  }
              }).find("zeros on the right"),
              std::string::npos);
    EXPECT_NE(message([](auto&, Node& node) {
                  if (node.op_type() == "Pad") {
                      auto* mode = node.add_attribute();
                      mode->set_name("mode");
                      mode->set_s("reflect");
                  }
              }).find("zeros on the right"),
              std::string::npos);
    EXPECT_NE(message([](onnx::ModelProto& model, Node& node) {
                  for (auto& tensor : *model.mutable_graph()->mutable_initializer()) {
                      if (node.op_type() == "Slice" && tensor.name() == node.input(1)) {
                          const int64_t start = 1;
                          tensor.set_raw_data(&start, sizeof(start));
                      }
                  }
              }).find("first columns"),
              std::string::npos);
}

}  // namespace
