// SPDX-License-Identifier: Apache-2.0
//
// The bundles in models/ have the forms that drgan-export writes, load in the installed OpenCV, and give the same
// results as in LibTorch.

#include "same_values.hpp"

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/drgan.hpp>

#include "export/bundle_files.hpp"
#include "export/onnx_forms.hpp"
#include "nn/graph/onnx_reader.hpp"
#include "opencv2/drgan/model_contract.hpp"

namespace nn = drgan::nn;
namespace contract = cv::drgan::contract;

namespace {

class Published : public testing::TestWithParam<const char*> {
protected:
    std::string path(const std::string& name) const {
        return std::string(DRGAN_MODELS) + "/" + GetParam() + "/" + name;
    }
    std::string bytes(const std::string& name) const {
        std::ifstream file(path(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
};

/// Random values for each input; a side of any size gets 64 or 96 pixels.
nn::Edges randomInputs(const nn::GraphImpl& network, int64_t count) {
    nn::Edges result;
    for (const auto& [name, sides] : network.inputs()) {
        std::vector<int64_t> shape{count};
        for (const int64_t size : sides) {
            shape.push_back(size > 0 ? size : shape.size() == 2 ? 64 : 96);
        }
        result[name] = torch::rand(shape) * 2 - 1;
    }
    return result;
}

TEST_P(Published, GivesInOpenCvWhatItGivesInLibTorch) {
    torch::manual_seed(4);
    for (const char* name :
         {contract::encoderFile, contract::decoderFile, contract::alignerFile, contract::detectorFile}) {
        SCOPED_TRACE(name);
        nn::Graph network = nn::readOnnx(path(name));
        network->eval();
        cv::dnn::Net net = readByOpenCv(bytes(name));
        expectSameValues(network, net, {randomInputs(*network, 1), randomInputs(*network, 3)}, 1e-4);
    }
}

TEST_P(Published, LoadsAsABundle) {
    const auto bundle = cv::drgan::Bundle::load(path(""));
    const auto encoder = cv::drgan::Encoder::create(bundle.encoder);
    EXPECT_NO_THROW(cv::drgan::Decoder::create(bundle.decoder, encoder));
    EXPECT_NO_THROW(cv::drgan::Aligner::create(bundle.aligner, encoder));
    EXPECT_NO_THROW(cv::drgan::Detector::create(bundle.detector, encoder));
}

TEST_P(Published, IsInTheFormsThatAllImportersRead) {
    const auto manifest = nlohmann::json::parse(bytes(contract::manifestFile));
    const auto& files = manifest.at(contract::manifestFiles);
    ASSERT_EQ(files.size(), 4U);
    for (const auto& item : files) {
        const std::string name = item.at("name"), model = bytes(name);
        onnx::ModelProto parsed;
        ASSERT_TRUE(parsed.ParseFromString(model));
        EXPECT_NO_THROW(drgan::exporting::checkForms(parsed)) << name;
        EXPECT_EQ(item, drgan::exporting::manifestLine(name, model));
    }
}

INSTANTIATE_TEST_SUITE_P(Bundles, Published, testing::Values("default", "casia"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
