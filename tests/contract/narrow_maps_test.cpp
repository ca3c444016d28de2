// SPDX-License-Identifier: Apache-2.0
//
// Depthwise convolutions of maps that the exporter fills up give the same numbers in LibTorch and in cv::dnn.

// Torch first: OpenCV's macros get in its way.
#include "nn/graph.hpp"

#include <gtest/gtest.h>

#include <opencv2/dnn.hpp>

#include "export/onnx_writer.hpp"

namespace nn = drgan::nn;

namespace {

constexpr int channels = 5;

class NarrowMaps : public testing::TestWithParam<int> {};

TEST_P(NarrowMaps, OpenCvEqualsLibTorch) {
    const int width = GetParam();
    torch::manual_seed(width);
    torch::NoGradGuard noGrad;
    nn::Graph network;
    nn::GraphImpl::ConvShape shape{channels, channels};
    shape.groups = channels;
    const std::string first = network->conv(network->input("picture", {channels, 9, width}), shape);
    std::string x = network->prelu(network->batchNorm(first, channels), channels);
    x = network->add(x, network->conv(x, shape));
    shape.stride = {2, 2};
    network->output("map", network->conv(network->relu(network->conv(x, shape)), {channels, 3}));
    for (int i = 0; i < 5; ++i) {  // statistics to fold
        network->forward({{"picture", torch::randn({4, channels, 9, width}) + 1}});
    }
    network->eval();
    const std::string bytes = drgan::exporting::toOnnx(network, "narrow", {});
    EXPECT_EQ(bytes.find("\x03Pad") != std::string::npos, width >= 7 && width < 18);
    cv::dnn::Net net = cv::dnn::readNetFromONNX(bytes.data(), bytes.size());
    for (const int n : {1, 3, 2}) {
        torch::Tensor picture = torch::randn({n, channels, 9, width});
        const torch::Tensor wanted = network->forward({{"picture", picture}}).at("map").contiguous();
        const int sizes[] = {n, channels, 9, width};
        net.setInput(cv::Mat(4, sizes, CV_32F, picture.data_ptr<float>()));
        const cv::Mat found = net.forward();
        ASSERT_EQ(static_cast<int64_t>(found.total()), wanted.numel());
        ASSERT_EQ(found.size[3], wanted.size(3));
        const int whole = static_cast<int>(found.total());
        EXPECT_LT(cv::norm(found.reshape(1, 1), cv::Mat(1, whole, CV_32F, wanted.data_ptr<float>()), cv::NORM_INF),
                  1e-5)
            << width << " columns, batch of " << n;
    }
}

INSTANTIATE_TEST_SUITE_P(, NarrowMaps, testing::Values(6, 7, 8, 13, 14, 17, 18));

}  // namespace
