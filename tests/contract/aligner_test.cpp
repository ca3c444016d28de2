// SPDX-License-Identifier: Apache-2.0
//
// The aligner gives the same numbers in LibTorch and in cv::dnn.

// Torch first: OpenCV's macros get in its way.
#include "nn/aligner.hpp"

#include <gtest/gtest.h>

#include <opencv2/dnn.hpp>

#include "export/onnx_writer.hpp"
#include "opencv2/drgan/model_contract.hpp"

namespace nn = drgan::nn;
namespace contract = cv::drgan::contract;

namespace {

TEST(AlignerContract, OpenCvEqualsLibTorch) {
    torch::manual_seed(3);
    nn::Graph network = nn::aligner({});
    {
        torch::NoGradGuard noGrad;
        for (int i = 0; i < 10; ++i) {  // statistics to fold, and heads that differ from crop to crop
            network->forward({{contract::alignerCrop, torch::randn({8, 3, 64, 64})}});
        }
        for (auto& p : network->parameters()) {
            p.add_(torch::randn_like(p) * 0.05);
        }
        network->eval();
    }
    const std::string bytes = drgan::exporting::toOnnx(network, "aligner", {});
    EXPECT_LT(bytes.size(), 300000U);
    cv::dnn::Net net = cv::dnn::readNetFromONNX(bytes.data(), bytes.size());
    for (const int n : {1, 5, 2}) {
        torch::NoGradGuard noGrad;
        torch::Tensor crops = torch::rand({n, 3, 64, 64}) * 2 - 1;
        const nn::Edges expected = network->forward({{contract::alignerCrop, crops}});
        const int shape[] = {n, 3, 64, 64};
        net.setInput(cv::Mat(4, shape, CV_32F, crops.data_ptr<float>()), contract::alignerCrop);
        const std::vector<cv::String> names{contract::alignerLandmarks, contract::alignerYaw, contract::alignerScore};
        std::vector<cv::Mat> found;
        net.forward(found, names);
        for (size_t i = 0; i < names.size(); ++i) {
            const torch::Tensor truth = expected.at(names[i]).contiguous();
            ASSERT_EQ(found[i].rows, n) << names[i];
            ASSERT_EQ(static_cast<int64_t>(found[i].total()), truth.numel()) << names[i];
            const cv::Mat wanted(found[i].rows, found[i].cols, CV_32F, truth.data_ptr<float>());
            EXPECT_LT(cv::norm(found[i], wanted, cv::NORM_INF), 1e-4) << names[i] << ", batch of " << n;
            if (n > 1) {  // or a constant would do
                EXPECT_GT(cv::norm(found[i].row(0), found[i].row(1), cv::NORM_INF), 1e-3) << names[i];
            }
        }
    }
}

}  // namespace
