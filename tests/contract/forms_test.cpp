// SPDX-License-Identifier: Apache-2.0
//
// The models that the module's tests make have the forms that drgan-export writes, and other forms are refused.

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <functional>

#include "export/onnx_forms.hpp"
#include "export/onnx_writer.hpp"
#include "nn/models/networks.hpp"
#include "tiny_onnx.hpp"

namespace nn = drgan::nn;
using drgan::exporting::checkForms;

namespace {

onnx::ModelProto parsed(const std::string& bytes) {
    onnx::ModelProto model;
    EXPECT_TRUE(model.ParseFromString(bytes));
    return model;
}

onnx::ModelProto parsed(const std::vector<unsigned char>& bytes) {
    return parsed(std::string(bytes.begin(), bytes.end()));
}

std::string complaint(const onnx::ModelProto& model) {
    try {
        checkForms(model);
    } catch (const std::exception& e) {
        return e.what();
    }
    return "none";
}

TEST(OnnxForms, TheTinyModelsAreInThem) {
    for (const int size : {16, 64}) {
        drgan_test::TinyOptions options;
        options.imageSize = size;
        EXPECT_EQ(complaint(parsed(drgan_test::tinyEncoder(options))), "none");
        EXPECT_EQ(complaint(parsed(drgan_test::tinyDecoder(options))), "none");
        EXPECT_EQ(complaint(parsed(drgan_test::tinyAligner(options))), "none");
        EXPECT_EQ(complaint(parsed(drgan_test::tinyDetector(options))), "none");
    }
}

/// A network with every operator that the exporter writes.
std::string everything() {
    nn::Graph network;
    nn::GraphImpl& g = *network;
    nn::GraphImpl::ConvShape depthwise{4, 4}, doubling{4, 4};
    depthwise.groups = 4;
    doubling.stride = {2, 2};
    doubling.outputPadding = {1, 1};
    std::string x = g.relu(g.conv(g.input("image", {4, 16, 16}), depthwise));
    x = g.batchNorm(g.prelu(g.add(x, g.elu(x)), 4), 4);
    x = g.concat({g.maxPool(x, {}), g.averagePool(x, {})});
    x = g.upsample(g.clip(g.conv(x, {8, 4}), 0, 6));
    x = g.convTranspose(x, doubling);
    const std::string flat = g.flatten(g.globalAveragePool(g.tanh(x)));
    g.output("shares", g.softmax(g.reshape(g.linear(flat, 4, 6), {2, 3})));
    g.output("sure", g.sigmoid(flat));
    network->eval();
    return drgan::exporting::toOnnx(network, "everything", {});
}

struct Case {
    const char* op;  ///< operator of the changed node; empty: the model is changed
    const char* expected;
    std::function<void(onnx::ModelProto&, onnx::NodeProto&)> change;
};

onnx::AttributeProto& attribute(onnx::NodeProto& node, const std::string& name) {
    for (auto& a : *node.mutable_attribute()) {
        if (a.name() == name) {
            return a;
        }
    }
    auto* added = node.add_attribute();
    added->set_name(name);
    return *added;
}

onnx::TensorProto& constant(onnx::ModelProto& model, const std::string& name) {
    for (auto& tensor : *model.mutable_graph()->mutable_initializer()) {
        if (tensor.name() == name) {
            return tensor;
        }
    }
    throw std::runtime_error("no constant " + name);
}

TEST(OnnxForms, OthersAreRefused) {
    using Model = onnx::ModelProto;
    using Node = onnx::NodeProto;
    const auto dim = [](Model& model, int axis) {
        return model.mutable_graph()
            ->mutable_input(0)
            ->mutable_type()
            ->mutable_tensor_type()
            ->mutable_shape()
            ->mutable_dim(axis);
    };
    const std::vector<Case> cases{
        {"", "operator set 10", [](Model& m, Node&) { m.mutable_opset_import(0)->set_version(11); }},
        {"", "IR version 5", [](Model& m, Node&) { m.set_ir_version(8); }},
        {"", "batch axis has a name", [&](Model& m, Node&) { dim(m, 0)->set_dim_param("N"); }},
        {"", "batch axis has a name or a size", [&](Model& m, Node&) { dim(m, 0)->set_dim_value(1); }},
        {"", "neither a size nor a name", [&](Model& m, Node&) { dim(m, 2)->Clear(); }},
        {"", "free in a network that has a Concat", [&](Model& m, Node&) { dim(m, 2)->set_dim_param("height"); }},
        {"Relu", "an operator that is listed", [](Model&, Node& n) { n.set_op_type("LeakyRelu"); }},
        {"Relu", "no attribute 'alpha'", [](Model&, Node& n) { attribute(n, "alpha").set_f(1); }},
        {"Conv", "symmetric pads", [](Model&, Node& n) { attribute(n, "pads").set_ints(0, 0); }},
        {"Conv", "no attribute 'dilations'", [](Model&, Node& n) { attribute(n, "dilations").add_ints(1); }},
        {"Conv", "come from the graph", [](Model&, Node& n) { n.set_input(0, n.input(1)); }},
        {"Conv", "be a constant", [](Model&, Node& n) { n.set_input(1, n.input(0)); }},
        {"ConvTranspose", "no attribute 'output_shape'",
         [](Model&, Node& n) { attribute(n, "output_shape").add_ints(1); }},
        {"Gemm", "transB 1", [](Model&, Node& n) { attribute(n, "transB").set_i(0); }},
        {"Gemm", "3 inputs", [](Model&, Node& n) { n.mutable_input()->RemoveLast(); }},
        {"PRelu", "[C,1,1]", [](Model& m, Node& n) { constant(m, n.input(1)).mutable_dims()->RemoveLast(); }},
        {"Clip", "1 inputs", [](Model&, Node& n) { n.add_input("low"); }},
        {"Clip", "both min and max", [](Model&, Node& n) { n.mutable_attribute()->RemoveLast(); }},
        {"Softmax", "axis -1", [](Model&, Node& n) { attribute(n, "axis").set_i(2); }},
        {"Add", "come from the graph", [](Model& m, Node& n) { n.set_input(1, m.graph().initializer(0).name()); }},
        {"Concat", "axis 1", [](Model&, Node& n) { attribute(n, "axis").set_i(-3); }},
        {"Flatten", "axis 1", [](Model&, Node& n) { n.clear_attribute(); }},
        {"Reshape", "-1 and sizes",
         [](Model& m, Node& n) {
             const int64_t shape[] = {0, 2, 3};
             constant(m, n.input(1)).set_raw_data(shape, sizeof shape);
         }},
        {"Resize", "scales 1, 1, 2, 2",
         [](Model& m, Node& n) {
             const float scales[] = {1, 1, 3, 3};
             constant(m, n.input(1)).set_raw_data(scales, sizeof scales);
         }},
        {"Resize", "mode nearest", [](Model&, Node& n) { attribute(n, "mode").set_s("linear"); }},
        {"Resize", "'coordinate_transformation_mode'",
         [](Model&, Node& n) { attribute(n, "coordinate_transformation_mode").set_s("asymmetric"); }},
        {"Resize", "2 inputs", [](Model&, Node& n) { n.add_input(n.input(1)); }},
        {"AveragePool", "'count_include_pad'", [](Model&, Node& n) { attribute(n, "count_include_pad").set_i(1); }},
        {"Pad", "on the right", [](Model&, Node& n) { attribute(n, "pads").set_ints(3, 1); }},
        {"Pad", "1 inputs", [](Model&, Node& n) { n.add_input("pads"); }},
        {"Slice", "first columns",
         [](Model& m, Node& n) {
             const int64_t start = 1;
             constant(m, n.input(1)).set_raw_data(&start, sizeof start);
         }},
    };
    const std::string bytes = everything();
    ASSERT_EQ(complaint(parsed(bytes)), "none");
    for (const Case& c : cases) {
        onnx::ModelProto model = parsed(bytes);
        onnx::NodeProto* node = model.mutable_graph()->mutable_node(0);
        for (auto& other : *model.mutable_graph()->mutable_node()) {
            node = other.op_type() == c.op ? &other : node;
        }
        if (*c.op != 0) {
            ASSERT_EQ(node->op_type(), c.op);
        }
        c.change(model, *node);
        EXPECT_NE(complaint(model).find(c.expected), std::string::npos) << c.op << ": " << complaint(model);
    }
}

}  // namespace
