// SPDX-License-Identifier: Apache-2.0
#include "same_values.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "export/onnx_writer.hpp"

namespace nn = drgan::nn;

void settle(nn::Graph& network, const std::function<nn::Edges()>& batch) {
    torch::NoGradGuard noGrad;
    network->train();
    for (int i = 0; i < 10; ++i) {
        network->forward(batch());
    }
    for (auto& p : network->parameters()) {
        p.add_(torch::randn_like(p) * 0.05);
    }
    network->eval();
}

cv::dnn::Net readByOpenCv(const std::string& bytes) {
    return cv::dnn::readNetFromONNX(std::vector<uchar>(bytes.begin(), bytes.end()));
}

void expectSameValues(nn::Graph& network, cv::dnn::Net& net, const std::vector<nn::Edges>& batches, double tolerance) {
    torch::NoGradGuard noGrad;
    std::vector<cv::String> names;
    for (const auto& output : network->outputs()) {
        names.push_back(output.first);
    }
    for (const nn::Edges& batch : batches) {
        std::vector<torch::Tensor> kept;  // cv::dnn reads their memory
        for (const auto& [name, tensor] : batch) {
            const torch::Tensor& t = kept.emplace_back(tensor.contiguous());
            const std::vector<int> shape(t.sizes().begin(), t.sizes().end());
            net.setInput(cv::Mat(shape, CV_32F, t.data_ptr<float>()), name);
        }
        std::vector<cv::Mat> found;
        net.forward(found, names);
        const nn::Edges expected = network->forward(batch);
        ASSERT_EQ(found.size(), names.size());
        double said = 0;
        for (size_t i = 0; i < names.size(); ++i) {
            torch::Tensor truth = expected.at(names[i]).contiguous();
            const std::vector<int64_t> shape(found[i].size.p, found[i].size.p + found[i].dims);
            ASSERT_EQ(shape, truth.sizes().vec()) << names[i];
            const cv::Mat wanted(1, static_cast<int>(truth.numel()), CV_32F, truth.data_ptr<float>());
            EXPECT_LT(cv::norm(found[i].reshape(1, 1), wanted, cv::NORM_INF), tolerance)
                << names[i] << " of shape " << truth.sizes();
            said = std::max(said, (truth - truth.flatten()[0]).abs().max().item<double>());
        }
        EXPECT_GT(said, 100 * tolerance);  // else a constant output would pass
    }
}

void expectSameValues(nn::Graph& network, const std::vector<nn::Edges>& batches, double tolerance) {
    cv::dnn::Net net = readByOpenCv(drgan::exporting::toOnnx(network, "network", {}));
    expectSameValues(network, net, batches, tolerance);
}
