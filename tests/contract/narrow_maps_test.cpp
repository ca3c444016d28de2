// SPDX-License-Identifier: Apache-2.0
//
// Depthwise convolutions of maps that the exporter pads give the same numbers in LibTorch and in cv::dnn.

#include "same_values.hpp"

#include <gtest/gtest.h>

#include "export/onnx_writer.hpp"

namespace nn = drgan::nn;

namespace {

constexpr int channels = 5;

class NarrowMaps : public testing::TestWithParam<int> {};

TEST_P(NarrowMaps, OpenCvEqualsLibTorch) {
    const int width = GetParam();
    torch::manual_seed(width);
    nn::Graph network;
    nn::GraphImpl::ConvShape shape{channels, channels};
    shape.groups = channels;
    const std::string first = network->conv(network->input("picture", {channels, 9, width}), shape);
    std::string x = network->prelu(network->batchNorm(first, channels), channels);
    x = network->add(x, network->conv(x, shape));
    shape.stride = {2, 2};
    network->output("map", network->conv(network->relu(network->conv(x, shape)), {channels, 3}));
    settle(network, [&] { return nn::Edges{{"picture", torch::randn({4, channels, 9, width}) + 1}}; });
    const std::string bytes = drgan::exporting::toOnnx(network, "narrow", {});
    EXPECT_EQ(bytes.find("\x03Pad") != std::string::npos, width >= 7 && width < 18);
    std::vector<nn::Edges> batches;
    for (const int n : {1, 3, 2}) {
        batches.push_back({{"picture", torch::randn({n, channels, 9, width})}});
    }
    cv::dnn::Net net = readByOpenCv(bytes);
    expectSameValues(network, net, batches, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(, NarrowMaps, testing::Values(6, 7, 8, 13, 14, 17, 18));

}  // namespace
