// SPDX-License-Identifier: Apache-2.0
#include "export/rewrite.hpp"

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <filesystem>

#include "export/bundle.hpp"
#include "export/bundle_files.hpp"
#include "export/onnx_forms.hpp"
#include "nn/graph/onnx_reader.hpp"
#include "nn/models/aligner.hpp"
#include "nn/models/detector.hpp"
#include "nn/models/networks.hpp"
#include "opencv2/drgan/model_contract.hpp"
#include "temporary_folder.hpp"

namespace nn = drgan::nn;
namespace contract = cv::drgan::contract;
namespace fs = std::filesystem;
using drgan::exporting::rewriteBundle;
using drgan::test::messageOf;
using drgan::test::readText;
using drgan::test::writeText;
using nlohmann::json;

namespace {

constexpr const char* models[] = {contract::encoderFile, contract::decoderFile, contract::alignerFile,
                                  contract::detectorFile};

onnx::ModelProto parsed(const std::string& bytes) {
    onnx::ModelProto model;
    EXPECT_TRUE(model.ParseFromString(bytes));
    return model;
}

/// An encoder with a depthwise convolution on maps of 14 columns, which get padded.
nn::Graph narrowEncoder() {
    nn::Graph graph;
    nn::GraphImpl& g = *graph;
    nn::GraphImpl::ConvShape first{3, 4}, depthwise{4, 4};
    first.stride = {2, 2};
    depthwise.groups = 4;
    std::string x = g.conv(g.input(contract::encoderImage, {3, 32, 32}), first);
    first = {4, 4};
    first.padding = {0, 0};
    x = g.prelu(g.conv(g.conv(x, first), depthwise), 4);
    x = g.flatten(g.globalAveragePool(x));
    g.output(contract::encoderEmbedding, g.linear(x, 4, 6));
    g.output(contract::encoderConfidence, g.sigmoid(g.linear(x, 4, 1)));
    return graph;
}

/// A model as earlier versions wrote it: the batch axis is called N, narrow maps are not padded.
std::string older(const std::string& bytes) {
    onnx::ModelProto model = parsed(bytes);
    auto& graph = *model.mutable_graph();
    for (auto* values : {graph.mutable_input(), graph.mutable_output()}) {
        for (auto& value : *values) {
            value.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_param("N");
        }
    }
    std::map<std::string, std::string> source;
    for (int i = 0; i < graph.node_size();) {
        onnx::NodeProto& node = *graph.mutable_node(i);
        for (auto& input : *node.mutable_input()) {
            input = source.count(input) != 0 ? source[input] : input;
        }
        if (node.op_type() == "Pad" || node.op_type() == "Slice") {
            source[node.output(0)] = node.input(0);
            graph.mutable_node()->DeleteSubrange(i, 1);
        } else {
            ++i;
        }
    }
    return model.SerializeAsString();
}

class Rewrite : public testing::Test {
protected:
    void SetUp() override {
        torch::manual_seed(12);
        drgan::train::Checkpoint checkpoint, aligner, detector;
        checkpoint.addNetwork("averaged_encoder", narrowEncoder());
        checkpoint.addNetwork("averaged_decoder", nn::basisDecoder({32, 6, 3, 4, 0.1}));
        checkpoint.metadata["align_eyes"] = "0.5,0.461";
        checkpoint.metadata["align_eye_mouth"] = "0.363";
        checkpoint.metadata["pose_yaws"] = "-45,0,45";
        aligner.addNetwork("averaged_aligner", nn::aligner({}));
        aligner.metadata["crop_factor"] = "1.8";
        detector.addNetwork("averaged_detector", nn::detector({}));
        detector.metadata["detector_image_size"] = "1024";
        drgan::exporting::Extras extras;
        extras.aligner = &aligner;
        extras.detector = &detector;
        drgan::exporting::writeBundle(checkpoint, {bundle_, 0.25}, extras);
        json manifest = json::parse(readText(file(contract::manifestFile)));
        for (auto& item : manifest.at(contract::manifestFiles)) {
            const std::string name = item.at("name"), bytes = older(readText(file(name)));
            writeText(file(name), bytes);
            item = drgan::exporting::manifestLine(name, bytes);
        }
        manifest["other"] = 3;
        writeText(file(contract::manifestFile), manifest.dump());
        writeText(file("MODEL_CARD.md"), "a card");
    }

    std::string file(const std::string& name) const { return bundle_ + "/" + name; }

    /// A folder's files by name.
    static std::map<std::string, std::string> contents(const std::string& folder) {
        std::map<std::string, std::string> result;
        for (const auto& entry : fs::directory_iterator(folder)) {
            result[entry.path().filename().string()] = readText(entry.path().string());
        }
        return result;
    }

    drgan::test::TemporaryFolder folder_;
    const std::string bundle_ = folder_ / "bundle", other_ = folder_ / "other";
};

TEST_F(Rewrite, TheNetworksGiveTheSameInTheFormsOfToday) {
    torch::NoGradGuard noGrad;
    const auto before = contents(bundle_);
    rewriteBundle(bundle_, other_);
    EXPECT_EQ(contents(bundle_), before);
    for (const char* name : models) {
        SCOPED_TRACE(name);
        const onnx::ModelProto old = parsed(readText(file(name))), model = parsed(readText(other_ + "/" + name));
        EXPECT_THROW(drgan::exporting::checkForms(old), std::runtime_error);
        EXPECT_NO_THROW(drgan::exporting::checkForms(model));
        ASSERT_EQ(model.metadata_props_size(), old.metadata_props_size());
        for (int i = 0; i < old.metadata_props_size(); ++i) {
            EXPECT_EQ(model.metadata_props(i).key(), old.metadata_props(i).key());
            EXPECT_EQ(model.metadata_props(i).value(), old.metadata_props(i).value());
        }
        nn::Graph was = nn::readOnnx(file(name)), is = nn::readOnnx(other_ + "/" + name);
        was->eval();
        is->eval();
        nn::Edges inputs;
        for (const auto& [input, sides] : was->inputs()) {
            std::vector<int64_t> shape{3};
            for (const int64_t size : sides) {
                shape.push_back(size > 0 ? size : 64);
            }
            inputs[input] = torch::rand(shape) * 2 - 1;
        }
        const nn::Edges wanted = was->forward(inputs), found = is->forward(inputs);
        ASSERT_EQ(found.size(), wanted.size());
        for (const auto& [output, tensor] : wanted) {
            EXPECT_TRUE(torch::allclose(found.at(output), tensor, 1e-5, 1e-6)) << output;
        }
    }
    EXPECT_NE(readText(other_ + "/encoder.onnx").find("\x03Pad"), std::string::npos);
}

TEST_F(Rewrite, TheManifestAndTheOtherFilesComeAlong) {
    rewriteBundle(bundle_, other_);
    const json was = json::parse(readText(file(contract::manifestFile)));
    json is = json::parse(readText(other_ + "/" + contract::manifestFile));
    for (const auto& item : is.at(contract::manifestFiles)) {
        const std::string name = item.at("name");
        EXPECT_EQ(item, drgan::exporting::manifestLine(name, readText(other_ + "/" + name)));
    }
    is[contract::manifestFiles] = was.at(contract::manifestFiles);
    EXPECT_EQ(is, was);
    EXPECT_EQ(readText(other_ + "/MODEL_CARD.md"), "a card");
    EXPECT_EQ(contents(other_).size(), 6U);
}

TEST_F(Rewrite, InPlaceAndTwiceIsTheSame) {
    rewriteBundle(bundle_, other_);
    rewriteBundle(bundle_, bundle_);
    EXPECT_EQ(contents(bundle_), contents(other_));
    rewriteBundle(bundle_, bundle_);
    EXPECT_EQ(contents(bundle_), contents(other_));
}

TEST_F(Rewrite, WhatIsNoBundleIsLeftAlone) {
    const auto complaint = [&] { return messageOf([&] { rewriteBundle(bundle_, bundle_); }); };
    const auto refused = [&](const std::string& name, const std::string& bytes, const std::string& expected) {
        const std::string good = readText(file(name));
        writeText(file(name), bytes);
        const auto before = contents(bundle_);
        EXPECT_NE(complaint().find(expected), std::string::npos) << complaint();
        EXPECT_EQ(contents(bundle_), before);
        writeText(file(name), good);
    };
    refused("decoder.onnx", "no model", "decoder.onnx: not an ONNX file");
    refused("decoder.onnx", readText(file("encoder.onnx")), "decoder.onnx: expected a model that drgan-export wrote");
    onnx::ModelProto model = parsed(readText(file("decoder.onnx")));
    model.mutable_graph()->mutable_node(0)->set_op_type("LSTM");
    refused("decoder.onnx", model.SerializeAsString(), "node LSTM");
    json manifest = json::parse(readText(file("manifest.json")));
    manifest["bundle_id"] = "another";
    refused("manifest.json", manifest.dump(), "not the manifest");
    refused("manifest.json", "{", "manifest.json: ");
    fs::remove(file("aligner.onnx"));
    EXPECT_NE(complaint().find("aligner.onnx"), std::string::npos) << complaint();
}

}  // namespace
