// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <filesystem>
#include <fstream>

#include "export/onnx_writer.hpp"
#include "nn/graph/onnx_import.hpp"
#include "nn/graph/onnx_reader.hpp"
#include "nn/models/aligner.hpp"
#include "nn/models/detector.hpp"
#include "nn/models/networks.hpp"

namespace nn = drgan::nn;
namespace fs = std::filesystem;
using torch::Tensor;

namespace {

constexpr int64_t side = 16;

/// A small recogniser with every operator that the importer knows: takes a picture, gives an embedding of 6 values.
nn::Graph recogniser() {
    torch::manual_seed(5);
    nn::Graph graph;
    nn::GraphImpl& g = *graph;
    std::string x = g.prelu(g.conv(g.input("picture", {3, side, side}), {3, 8}), 8);
    x = g.add(x, g.relu(g.batchNorm(g.conv(x, {8, 8}), 8)));
    x = g.maxPool(x, {});
    x = g.clip(g.conv(x, {8, 8}), 0, 6);
    x = g.averagePool(x, {});
    x = g.flatten(g.globalAveragePool(x));
    g.output("code", g.linear(x, 8, 6));
    graph->train();
    graph->forward({{"picture", torch::rand({4, 3, side, side}) * 200}});  // gives batch norm statistics to fold
    graph->eval();
    return graph;
}

class Onnx : public testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("drgan-onnx-" + std::to_string(::getpid()));
        fs::create_directories(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }
    std::string write(const std::string& bytes) const {
        const std::string path = (folder_ / "model.onnx").string();
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }
    static std::string message(const std::string& path, const nn::InputConvention& convention = {}) {
        try {
            nn::importOnnxEncoder(path, convention);
        } catch (const std::exception& e) {
            return e.what();
        }
        return "no error";
    }
    fs::path folder_;
};

TEST_F(Onnx, ImportFoldsMeanAndScale) {
    nn::Graph original = recogniser();
    const std::string path = write(drgan::exporting::toOnnx(original, "recogniser", {}));
    nn::Graph encoder = nn::importOnnxEncoder(path, {"BGR", {127.5, 127.5, 127.5}, {60, 128, 255}});
    nn::Graph shifted = nn::importOnnxEncoder(path, {"BGR", {120, 130, 110}, {60, 128, 255}});
    encoder->eval();
    shifted->eval();
    const Tensor pixels = torch::randint(0, 256, {2, 3, side, side}, torch::kFloat32);  // RGB
    auto channel = [](double a, double b, double c) {
        return torch::tensor({a, b, c}).view({1, 3, 1, 1}).to(torch::kFloat32);
    };
    const Tensor wanted = (pixels.flip(1) - 127.5) / channel(60, 128, 255);
    EXPECT_TRUE(torch::allclose(nn::encode(encoder, pixels / 127.5 - 1).first,
                                original->forward({{"picture", wanted}}).at("code"), 1e-4, 1e-4));
    // Folding the mean is exact where no padding is involved: compare the first convolution's map without its border.
    auto firstMap = [](nn::Graph& g, const Tensor& x) {
        return g->nodes().front().module->as<torch::nn::Conv2d>()->forward(x).slice(2, 1, -1).slice(3, 1, -1);
    };
    const Tensor moved = (pixels.flip(1) - channel(120, 130, 110)) / channel(60, 128, 255);
    EXPECT_TRUE(torch::allclose(firstMap(shifted, pixels / 127.5 - 1), firstMap(original, moved), 1e-4, 1e-4));
    EXPECT_TRUE(torch::allclose(nn::encode(encoder, pixels / 127.5 - 1).second, torch::full({2, 1}, 0.5)));
}

TEST_F(Onnx, ImportWithTheContractsOwnConventionIsExact) {
    nn::Graph original = recogniser();
    const std::string path = write(drgan::exporting::toOnnx(original, "recogniser", {}));
    nn::Graph encoder = nn::importOnnxEncoder(path, {});
    encoder->eval();
    const Tensor image = torch::rand({3, 3, side, side}) * 2 - 1;
    EXPECT_TRUE(torch::allclose(nn::encode(encoder, image).first, original->forward({{"picture", image}}).at("code"),
                                1e-4, 1e-5));
}

TEST_F(Onnx, AnExportedEncoderKeepsItsConfidence) {
    torch::manual_seed(6);
    nn::Graph original;
    nn::GraphImpl& g = *original;
    const std::string x = g.prelu(g.conv(g.input("image", {3, side, side}), {3, 8}), 8);
    g.output("embedding", g.flatten(g.conv(x, {8, 4})));
    g.output("confidence", g.sigmoid(g.linear(g.flatten(g.globalAveragePool(x)), 8, 1)));
    original->eval();
    nn::Graph encoder = nn::importOnnxEncoder(write(drgan::exporting::toOnnx(original, "encoder", {})), {});
    encoder->eval();
    const Tensor image = torch::rand({3, 3, side, side}) * 2 - 1;
    const auto wanted = original->forward({{"image", image}});
    const auto found = nn::encode(encoder, image);
    EXPECT_TRUE(torch::allclose(found.first, wanted.at("embedding"), 1e-4, 1e-5));
    EXPECT_TRUE(torch::allclose(found.second, wanted.at("confidence"), 1e-5, 1e-6));
    EXPECT_FALSE(torch::allclose(found.second, torch::full({3, 1}, 0.5), 1e-3, 1e-3));
}

TEST_F(Onnx, ChannelOrderIsFolded) {
    nn::Graph original = recogniser();
    const std::string path = write(drgan::exporting::toOnnx(original, "recogniser", {}));
    nn::Graph encoder = nn::importOnnxEncoder(path, {"BGR"});
    encoder->eval();
    const Tensor image = torch::rand({3, 3, side, side}) * 2 - 1;
    EXPECT_TRUE(torch::allclose(nn::encode(encoder, image).first,
                                original->forward({{"picture", image.flip(1)}}).at("code"), 1e-4, 1e-5));
}

TEST_F(Onnx, ExportNormalisesNothingThatWasFolded) {
    onnx::ModelProto model;
    ASSERT_TRUE(model.ParseFromString(drgan::exporting::toOnnx(recogniser(), "recogniser", {{"key", "value"}})));
    for (const auto& node : model.graph().node()) {
        EXPECT_NE(node.op_type(), "BatchNormalization");
    }
    ASSERT_EQ(model.metadata_props_size(), 1);
    EXPECT_EQ(model.metadata_props(0).key(), "key");
    const auto& batch = model.graph().input(0).type().tensor_type().shape().dim(0);
    EXPECT_TRUE(batch.dim_param().empty());
    EXPECT_FALSE(batch.has_dim_value());
}

/// After writing and reading, a model gives the same values and is written again identically.
TEST_F(Onnx, EveryNetworkIsReadAsItWasWritten) {
    torch::manual_seed(8);
    nn::DecoderSpec decoder{32, 16, 5, 4, 0.2}, transposed = decoder;
    transposed.transposed = true;
    const std::map<std::string, nn::Graph> networks{{"recogniser", recogniser()},
                                                    {"encoder", nn::casiaEncoder({32, 16, 0.2})},
                                                    {"basis", nn::basisDecoder(decoder)},
                                                    {"resized", nn::mirroredDecoder(decoder)},
                                                    {"transposed", nn::mirroredDecoder(transposed)},
                                                    {"aligner", nn::aligner({})},
                                                    {"detector", nn::detector({})}};
    torch::NoGradGuard noGrad;
    for (const auto& [name, network] : networks) {
        SCOPED_TRACE(name);
        nn::Graph original = network;
        nn::Edges inputs;
        for (const auto& [input, sides] : original->inputs()) {
            std::vector<int64_t> shape{2};
            for (const int64_t size : sides) {
                shape.push_back(size > 0 ? size : 64);
            }
            inputs[input] = torch::rand(shape) * 2 - 1;
        }
        original->train();
        original->forward(inputs);  // gives batch norm statistics to fold
        original->eval();
        const std::string written = drgan::exporting::toOnnx(original, name, {{"key", "value"}});
        nn::Graph again = nn::readOnnx(write(written));
        again->eval();
        EXPECT_EQ(again->inputs(), original->inputs());
        const nn::Edges wanted = original->forward(inputs), found = again->forward(inputs);
        ASSERT_EQ(found.size(), wanted.size());
        for (const auto& [output, tensor] : wanted) {
            EXPECT_TRUE(torch::allclose(found.at(output), tensor, 1e-4, 1e-5)) << output;
        }
        EXPECT_TRUE(drgan::exporting::toOnnx(again, name, {{"key", "value"}}) == written);
    }
}

TEST_F(Onnx, ExportRefusesWeightsThatAreNotFinite) {
    nn::Graph graph = recogniser();
    torch::NoGradGuard noGrad;
    graph->parameters().front().fill_(std::numeric_limits<float>::quiet_NaN());
    EXPECT_THROW(drgan::exporting::toOnnx(graph, "recogniser", {}), std::runtime_error);
}

TEST_F(Onnx, AnErrorAboutMissingWeightsNamesFileAndNode) {
    const std::string bytes = drgan::exporting::toOnnx(recogniser(), "recogniser", {});
    for (const std::string op : {"Conv", "PRelu", "Gemm"}) {
        for (const std::string lack : {"input", "empty input", "tensor", "values", "all values"}) {
            onnx::ModelProto model;
            ASSERT_TRUE(model.ParseFromString(bytes));
            auto& nodes = *model.mutable_graph()->mutable_node();
            auto& node = *std::find_if(nodes.begin(), nodes.end(), [&](const auto& n) { return n.op_type() == op; });
            node.set_name("the_one");
            auto& tensors = *model.mutable_graph()->mutable_initializer();
            const auto weights =
                std::find_if(tensors.begin(), tensors.end(), [&](const auto& t) { return t.name() == node.input(1); });
            ASSERT_NE(weights, tensors.end());
            if (lack == "input") {
                node.mutable_input()->DeleteSubrange(1, node.input_size() - 1);
            } else if (lack == "empty input") {
                node.set_input(1, "");
            } else if (lack == "tensor") {
                tensors.erase(weights);
            } else {
                weights->clear_raw_data();
                weights->clear_float_data();
                if (lack == "all values") {
                    for (auto& size : *weights->mutable_dims()) {
                        size = 0;
                    }
                }
            }
            const std::string said = message(write(model.SerializeAsString()));
            EXPECT_NE(said.find("model.onnx: node " + op + " 'the_one': "), std::string::npos) << lack << ": " << said;
            EXPECT_NE(said.find("weights"), std::string::npos) << lack << ": " << said;
        }
    }
}

TEST_F(Onnx, ImportNamesWhatIsWrong) {
    EXPECT_NE(message((folder_ / "none.onnx").string()).find("none.onnx"), std::string::npos);
    const std::string bytes = drgan::exporting::toOnnx(recogniser(), "recogniser", {});
    EXPECT_NE(message(write(bytes.substr(0, bytes.size() / 2))).find("cut short"), std::string::npos);
    EXPECT_NE(message(write(bytes), {"GBR"}).find("GBR"), std::string::npos);

    onnx::ModelProto model;
    model.ParseFromString(bytes);
    model.mutable_graph()->mutable_node(1)->set_op_type("LSTM");
    EXPECT_NE(message(write(model.SerializeAsString())).find("LSTM"), std::string::npos);

    model.ParseFromString(bytes);
    model.mutable_graph()->mutable_initializer(0)->add_dims(1000);
    EXPECT_NE(message(write(model.SerializeAsString())).find("shape asks for"), std::string::npos);

    model.ParseFromString(bytes);
    model.mutable_graph()->mutable_initializer(0)->set_data_location(onnx::TensorProto::EXTERNAL);
    EXPECT_NE(message(write(model.SerializeAsString())).find("another file"), std::string::npos);
}

}  // namespace
