// SPDX-License-Identifier: Apache-2.0
#include "nn/graph/graph.hpp"

#include <gtest/gtest.h>

#include "nn/kernels/prelu.hpp"
#include "nn/models/networks.hpp"

namespace nn = drgan::nn;
using torch::Tensor;

namespace {

/// The codes of these poses, of three.
Tensor codes(const std::vector<int64_t>& poses) { return torch::one_hot(torch::tensor(poses), 3).to(torch::kFloat32); }

TEST(Graph, PapersEncoderHasThePapersShapes) {
    nn::Graph encoder = nn::casiaEncoder({});
    encoder->eval();
    const auto [embedding, confidence] = nn::encode(encoder, torch::zeros({2, 3, 96, 96}));
    EXPECT_EQ(embedding.sizes(), (std::vector<int64_t>{2, 320}));
    EXPECT_EQ(confidence.sizes(), (std::vector<int64_t>{2, 1}));
    EXPECT_GT(confidence.min().item<float>(), 0);
    EXPECT_LT(confidence.max().item<float>(), 1);
}

class DecoderUpsampling : public testing::TestWithParam<bool> {};

TEST_P(DecoderUpsampling, DrawsPicturesOfItsSize) {
    nn::DecoderSpec spec{32, 8, 3, 5, 0.1};
    spec.transposed = GetParam();
    nn::Graph decoder = nn::mirroredDecoder(spec);
    const Tensor face = nn::decode(decoder, torch::randn({4, 8}), codes({0, 1, 2, 0}));
    EXPECT_EQ(face.sizes(), (std::vector<int64_t>{4, 3, 32, 32}));
    EXPECT_LE(face.abs().max().item<float>(), 1);
    EXPECT_EQ(nn::poseCount(decoder), 3);
    EXPECT_EQ(nn::noiseSize(decoder), 5);
    EXPECT_EQ(nn::embeddingSize(decoder), 8);
}

INSTANTIATE_TEST_SUITE_P(Both, DecoderUpsampling, testing::Bool());

TEST(Graph, BasisDecoderDrawsAtTwoResolutions) {
    torch::manual_seed(4);
    nn::Graph decoder = nn::basisDecoder({32, 8, 3, 5, 0.1});
    decoder->eval();
    const Tensor code = torch::randn({2, 8}), pose = codes({0, 2}), zeros = torch::zeros({2, 5});
    for (int64_t side : {16, 32}) {
        const std::string output = nn::faceOutput(decoder, 32, side);
        EXPECT_EQ(nn::decode(decoder, code, pose, zeros, output).sizes(), (std::vector<int64_t>{2, 3, side, side}));
    }
    EXPECT_EQ(nn::faceOutput(decoder, 32, 0), "face");
    EXPECT_THROW(nn::faceOutput(decoder, 32, 20), std::runtime_error);
}

TEST(Graph, KeepsOnlyTheOutputsThatAreAskedFor) {
    torch::manual_seed(4);
    nn::Graph decoder = nn::basisDecoder({32, 8, 3, 5, 0.1});
    nn::decode(decoder, torch::randn({4, 8}), codes({0, 1, 2, 0}));  // moves the running means
    decoder->eval();
    nn::Graph small = nn::withOutputs(decoder, {"face_16"});
    EXPECT_LT(small->nodes().size(), decoder->nodes().size());
    EXPECT_LT(small->parameters().size(), decoder->parameters().size());
    const Tensor code = torch::randn({2, 8}), pose = codes({0, 2}), zeros = torch::zeros({2, 5});
    EXPECT_TRUE(torch::equal(nn::decode(small, code, pose, zeros, "face_16"),
                             nn::decode(decoder, code, pose, zeros, "face_16")));
    EXPECT_THROW(nn::withOutputs(decoder, {"nose"}), std::runtime_error);
}

TEST(Graph, WithFeaturesShowsTheMapsBeforeEachReduction) {
    torch::manual_seed(5);
    nn::Graph encoder = nn::casiaEncoder({32, 8, 0.1});
    encoder->eval();
    nn::Graph judge = nn::withFeatures(encoder);
    judge->eval();
    const Tensor images = torch::randn({2, 3, 32, 32});
    const nn::Edges seen = judge->forward({{"image", images}});
    EXPECT_TRUE(torch::equal(seen.at("embedding"), nn::encode(encoder, images).first));
    // Four reductions; the input of the first is not included.
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(seen.at("feature_" + std::to_string(i)).size(2), 16 >> i) << i;
    }
    EXPECT_EQ(seen.size(), 5U);
}

TEST(Graph, PoseAndNoiseChangeTheFace) {
    torch::manual_seed(1);
    nn::Graph decoder = nn::mirroredDecoder({16, 8, 3, 5, 0.2});
    decoder->eval();
    const Tensor code = torch::randn({1, 8}), zeros = torch::zeros({1, 5});
    const Tensor face = nn::decode(decoder, code, codes({0}), zeros);
    EXPECT_TRUE(torch::equal(face, nn::decode(decoder, code, codes({0}), zeros)));
    EXPECT_FALSE(torch::equal(face, nn::decode(decoder, code, codes({1}), zeros)));
    EXPECT_FALSE(torch::equal(face, nn::decode(decoder, code, codes({0}), zeros + 1)));
}

TEST(Graph, IsRebuiltFromItsDescription) {
    torch::manual_seed(2);
    nn::Graph original = nn::casiaEncoder({32, 8, 0.2});
    const Tensor image = torch::rand({3, 3, 32, 32});
    original->train();
    nn::encode(original, image);  // moves the running means away from their initial values
    original->eval();
    nn::Graph rebuilt(nlohmann::json::parse(original->toJson().dump()));
    nn::copyWeights(*rebuilt, *original);
    rebuilt->eval();
    EXPECT_TRUE(torch::equal(nn::encode(original, image).first, nn::encode(rebuilt, image).first));
    EXPECT_TRUE(torch::equal(nn::encode(original, image).second, nn::encode(rebuilt, image).second));
}

TEST(Graph, NamesAnInputOfTheWrongShape) {
    nn::Graph encoder = nn::casiaEncoder({32, 8, 0.2});
    try {
        nn::encode(encoder, torch::zeros({1, 3, 16, 32}));
        FAIL() << "accepted a picture of the wrong size";
    } catch (const std::runtime_error& e) {
        EXPECT_NE(std::string(e.what()).find("image"), std::string::npos) << e.what();
        EXPECT_NE(std::string(e.what()).find("16"), std::string::npos) << e.what();
    }
    EXPECT_THROW(encoder->forward({}), std::runtime_error);
}

TEST(Graph, RefusesSizesThatDoNotHalveFourTimes) {
    EXPECT_THROW(nn::casiaEncoder({100, 8, 0.2}), std::invalid_argument);
}

TEST(Graph, PatchDiscriminatorIsToldThePose) {
    torch::manual_seed(6);
    nn::Graph judge = nn::discriminator({32, 5, 3, 0.5, nn::DiscriminatorForm::Patch});
    judge->eval();
    const Tensor image = torch::randn({1, 3, 32, 32});
    const auto real = [&](int64_t pose) {
        return judge->forward({{"image", image}, {"pose", codes({pose})}}).at("real");
    };
    EXPECT_TRUE(torch::equal(real(0), real(0)));
    EXPECT_FALSE(torch::equal(real(0), real(2)));
}

TEST(Graph, AppearanceIsWithinOneEachWay) {
    torch::manual_seed(7);
    nn::Graph network = nn::appearanceNetwork(32, 6);
    network->eval();
    const Tensor code = network->forward({{"image", 50 * torch::randn({3, 3, 32, 32})}}).at("appearance");
    EXPECT_EQ(code.sizes(), (std::vector<int64_t>{3, 6}));
    EXPECT_LE(code.abs().max().item<float>(), 1);
    EXPECT_FALSE(torch::equal(code[0], code[1]));
}

TEST(Graph, JoinedNetworksGiveTheOutputsOfBoth) {
    torch::manual_seed(8);
    nn::Graph encoder = nn::casiaEncoder({32, 8, 0.1}), appearance = nn::appearanceNetwork(32, 6);
    encoder->eval();
    appearance->eval();
    nn::Graph both = nn::joined(encoder, appearance);
    const Tensor image = torch::randn({2, 3, 32, 32});
    const nn::Edges seen = both->forward({{"image", image}});
    EXPECT_EQ(seen.size(), 3U);
    EXPECT_TRUE(torch::equal(seen.at("embedding"), nn::encode(encoder, image).first));
    EXPECT_TRUE(torch::equal(seen.at("appearance"), appearance->forward({{"image", image}}).at("appearance")));
    // An embedding alone costs what it did.
    const std::vector<bool> needed = both->needed({"embedding", "confidence"});
    EXPECT_EQ(std::count(needed.begin(), needed.end(), true), static_cast<ptrdiff_t>(encoder->nodes().size()));
    EXPECT_FALSE(needed.back());
    EXPECT_THROW(nn::joined(encoder, nn::appearanceNetwork(16, 6)), std::runtime_error);
}

TEST(PoseCode, MixesTheNeighboursOfAYaw) {
    const Tensor code = nn::poseCode(torch::tensor({-90.F, 0.F, 23.5F, -100.F, 88.F}), {-90, 0, 30, 80});
    const Tensor expected = torch::tensor({{1.F, 0.F, 0.F, 0.F},
                                           {0.F, 1.F, 0.F, 0.F},
                                           {0.F, 1 - 23.5F / 30, 23.5F / 30, 0.F},
                                           {1.F, 0.F, 0.F, 0.F},
                                           {0.F, 0.F, 0.F, 1.F}});
    EXPECT_TRUE(torch::allclose(code, expected)) << code;
    EXPECT_TRUE(torch::equal(nn::poseCode(torch::tensor({12.F}), {0}), torch::ones({1, 1})));
}

TEST(Graph, DiscriminatorFormsHaveTheirHeads) {
    const Tensor image = torch::zeros({2, 3, 16, 16});
    const auto cvpr = nn::discriminator({16, 5, 3, 0.1, nn::DiscriminatorForm::Cvpr})->forward({{"image", image}});
    EXPECT_EQ(cvpr.at("identity").size(1), 6);
    EXPECT_EQ(cvpr.at("pose").size(1), 3);
    const auto tpami = nn::discriminator({16, 5, 3, 0.1, nn::DiscriminatorForm::Tpami})->forward({{"image", image}});
    EXPECT_EQ(tpami.at("identity").size(1), 5);
    EXPECT_EQ(tpami.at("real").size(1), 1);
    const auto patch = nn::discriminator({16, 5, 3, 0.1, nn::DiscriminatorForm::Patch})
                           ->forward({{"image", image}, {"pose", torch::eye(3).slice(0, 0, 2)}});
    EXPECT_EQ(patch.size(), 1U);
    EXPECT_EQ(patch.at("real").sizes(), (std::vector<int64_t>{2, 1, 2, 2}));
    EXPECT_THROW(nn::discriminatorForm("patches"), std::invalid_argument);
}

TEST(Prelu, IsTorchsInEveryMemoryOrder) {
    torch::manual_seed(5);
    const Tensor wide = torch::randn({3, 7, 5, 9});
    for (const Tensor& x : {wide, wide.contiguous(torch::MemoryFormat::ChannelsLast), torch::randn({41, 7}),
                            wide.slice(3, 0, 4), torch::zeros({2, 7, 1, 1})}) {
        std::vector<Tensor> results, ofX, ofSlope;
        for (bool own : {true, false}) {
            const Tensor in = x.detach().clone(torch::MemoryFormat::Preserve).set_requires_grad(true);
            const Tensor slope = torch::linspace(-0.5, 1.5, 7).set_requires_grad(true);
            results.push_back(own ? nn::prelu(in, slope) : torch::prelu(in, slope));
            (results.back() * torch::linspace(-1, 1, x.numel()).view_as(x)).sum().backward();
            ofX.push_back(in.grad());
            ofSlope.push_back(slope.grad());
        }
        EXPECT_TRUE(torch::equal(results[0], results[1]));
        EXPECT_TRUE(torch::allclose(ofX[0], ofX[1]));
        EXPECT_TRUE(torch::allclose(ofSlope[0], ofSlope[1], 1e-4, 1e-4));
    }
}

TEST(Prelu, TakesHalfPrecisionAsItComes) {
    torch::manual_seed(5);
    const Tensor x = torch::randn({3, 7, 5, 9}).to(torch::kBFloat16).contiguous(torch::MemoryFormat::ChannelsLast);
    std::vector<Tensor> results, ofX, ofSlope;
    for (bool own : {true, false}) {
        const Tensor in = x.detach().clone(torch::MemoryFormat::Preserve).set_requires_grad(true);
        const Tensor slope = torch::linspace(-0.5, 1.5, 7).set_requires_grad(true);
        results.push_back(own ? nn::prelu(in, slope) : torch::prelu(in.to(torch::kFloat32), slope));
        (results.back().to(torch::kFloat32) * torch::linspace(-1, 1, x.numel()).view_as(x)).sum().backward();
        ofX.push_back(in.grad());
        ofSlope.push_back(slope.grad());
    }
    EXPECT_EQ(results[0].scalar_type(), torch::kBFloat16);
    EXPECT_TRUE(torch::equal(results[0], results[1].to(torch::kBFloat16)));
    EXPECT_TRUE(torch::allclose(ofX[0].to(torch::kFloat32), ofX[1].to(torch::kFloat32), 0.01, 1e-3));
    EXPECT_TRUE(torch::allclose(ofSlope[0], ofSlope[1], 0.01, 0.01));
}

}  // namespace
