// SPDX-License-Identifier: Apache-2.0
//
// Every kind of network that the trainer has gives the same numbers in LibTorch and, as written by drgan-export, in the
// installed version of cv::dnn.

#include "same_values.hpp"

#include <gtest/gtest.h>

#include "nn/models/aligner.hpp"
#include "nn/models/networks.hpp"
#include "opencv2/drgan/model_contract.hpp"

namespace nn = drgan::nn;
namespace contract = cv::drgan::contract;

namespace {

constexpr int64_t side = 32, codes = 16, poses = 5, noise = 4;
constexpr int64_t counts[] = {1, 3, 2};  // batches that grow and shrink

nn::Edges pictures(const char* name, int64_t count, int64_t size) {
    return {{name, torch::rand({count, 3, size, size}) * 2 - 1}};
}

nn::Edges decoderInputs(int64_t count) {
    return {{contract::decoderEmbedding, torch::randn({count, codes})},
            {contract::decoderPose, torch::one_hot(torch::randint(poses, {count}), poses).to(torch::kFloat32)},
            {contract::decoderNoise, torch::rand({count, noise}) * 2 - 1}};
}

void check(nn::Graph network, const std::function<nn::Edges(int64_t)>& inputs) {
    settle(network, [&] { return inputs(8); });
    std::vector<nn::Edges> batches;
    for (const int64_t count : counts) {
        batches.push_back(inputs(count));
    }
    expectSameValues(network, batches);
}

class NetworksContract : public testing::Test {
protected:
    void SetUp() override { torch::manual_seed(3); }
};

TEST_F(NetworksContract, PaperEncoder) {
    check(nn::casiaEncoder({side, codes, 0.2}), [](int64_t n) { return pictures(contract::encoderImage, n, side); });
}

TEST_F(NetworksContract, PaperDecoderThatResizes) {
    check(nn::mirroredDecoder({side, codes, poses, noise, 0.2}), decoderInputs);
}

TEST_F(NetworksContract, PaperDecoderWithTransposedConvolutions) {
    nn::DecoderSpec spec{side, codes, poses, noise, 0.2};
    spec.transposed = true;
    check(nn::mirroredDecoder(spec), decoderInputs);
}

TEST_F(NetworksContract, BasisDecoder) {
    // As in a bundle, without the outputs that only training uses; then with them.
    const nn::Graph network = nn::basisDecoder({side, codes, poses, noise, 0.2});
    check(nn::withOutputs(network, {contract::decoderFace}), decoderInputs);
    check(network, decoderInputs);
}

TEST_F(NetworksContract, Aligner) {
    check(nn::aligner({}), [](int64_t n) { return pictures(contract::alignerCrop, n, 64); });
}

TEST_F(NetworksContract, EveryOperationOfARecogniser) {
    nn::Graph network;
    nn::GraphImpl& g = *network;
    std::string x = g.prelu(g.conv(g.input("picture", {3, side, side}), {3, 8}), 8);
    nn::GraphImpl::PoolShape overlapping{{3, 3}, {2, 2}, {1, 1}};
    x = g.add(x, g.relu(g.batchNorm(g.conv(x, {8, 8}), 8)));
    x = g.batchNorm(g.maxPool(x, overlapping), 8);  // not folded into a convolution
    nn::GraphImpl::ConvShape depthwise{8, 8};
    depthwise.groups = 8;
    x = g.add(x, g.prelu(g.conv(x, depthwise), 8));  // 16 columns: padded
    x = g.clip(g.conv(x, {8, 8}), 0, 6);
    x = g.averagePool(g.averagePool(x, {}), overlapping);
    g.output("code", g.linear(g.flatten(x), 8 * 4 * 4, 6));
    g.output("sure", g.sigmoid(g.linear(g.flatten(g.globalAveragePool(x)), 8, 1)));
    check(network, [](int64_t n) { return pictures("picture", n, side); });
}

/// OpenCV 4.10 refused this if the file calls the batch N: on import it takes one input's batch for -1 and the other's
/// for 1.
TEST_F(NetworksContract, AConcatOfWhatWasAddedAndWhatWasNot) {
    nn::Graph network;
    nn::GraphImpl& g = *network;
    const std::string x = g.input("code", {4});
    const std::string map = g.reshape(x, {1, 2, 2});
    g.output("both", g.concat({map, g.add(map, map)}));
    g.output("flat", g.concat({x, g.add(x, x)}));
    check(network, [](int64_t n) { return nn::Edges{{"code", torch::randn({n, 4})}}; });
}

}  // namespace
