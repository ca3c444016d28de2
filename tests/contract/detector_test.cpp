// SPDX-License-Identifier: Apache-2.0
//
// The detector gives the same detections in LibTorch and in cv::drgan, in pictures of any size.

#include "same_values.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <opencv2/drgan.hpp>
#include <opencv2/imgproc.hpp>

#include "detector/detections.hpp"
#include "export/onnx_writer.hpp"
#include "nn/models/detector.hpp"
#include "opencv2/drgan/model_contract.hpp"

namespace nn = drgan::nn;
namespace contract = cv::drgan::contract;

namespace {

nn::Graph network() {
    torch::manual_seed(3);
    nn::Graph network = nn::detector({});
    {
        // As if it had learned: what goes from map to map is not nothing, and scores differ from cell to cell.
        const torch::NoGradGuard noGrad;
        for (const nn::Node& node : network->nodes()) {
            if (node.op == "Conv") {
                auto* conv = node.module->as<torch::nn::Conv2d>();
                if (conv->weight.abs().max().item<float>() == 0) {
                    conv->weight.normal_(0, 0.3);
                }
                if (node.integer("out") == 1) {
                    conv->weight.mul_(20);
                }
            }
        }
    }
    settle(network, [] { return nn::Edges{{contract::detectorImage, torch::randn({4, 3, 64, 96})}}; });
    return network;
}

std::string bytesOf(const nn::Graph& network) {
    return drgan::exporting::toOnnx(network, "detector",
                                    {{contract::keyVersion, std::to_string(contract::version)},
                                     {contract::keyRole, "detector"},
                                     {contract::keyBundleId, "test"},
                                     {contract::keyImageSize, "1024"},
                                     {contract::keyColorOrder, "RGB"},
                                     {contract::keyPixelRange, "-1,1"}});
}

TEST(DetectorContract, OpenCvEqualsLibTorchAtAnySize) {
    nn::Graph graph = network();
    const std::string bytes = bytesOf(graph);
    EXPECT_LT(bytes.size(), 400000U);
    std::vector<nn::Edges> pictures;
    for (const auto& [height, width] : {std::pair<int, int>{64, 64}, {96, 64}, {96, 160}, {256, 64}, {64, 64}}) {
        pictures.push_back({{contract::detectorImage, torch::rand({1, 3, height, width}) * 2 - 1}});
    }
    cv::dnn::Net net = readByOpenCv(bytes);
    expectSameValues(graph, net, pictures, 1e-4);
}

class DetectorCells : public testing::TestWithParam<cv::Size> {};

/// Also in small pictures, which are padded on the right and at the bottom until the coarsest map has two cells in each
/// direction.
TEST_P(DetectorCells, MeanTheSameInBoth) {
    nn::Graph graph = network();
    const std::string bytes = bytesOf(graph);
    auto detector = cv::drgan::Detector::create(std::vector<uchar>(bytes.begin(), bytes.end()));
    const cv::Mat picture(GetParam(), CV_8UC3);
    cv::theRNG().state = 5;
    cv::randu(picture, 0, 256);
    cv::Mat filled;
    cv::copyMakeBorder(picture, filled, 0, std::max(0, 64 - picture.rows), 0, std::max(0, 64 - picture.cols),
                       cv::BORDER_REPLICATE);
    torch::Tensor planes = torch::empty({1, 3, filled.rows, filled.cols});
    for (int y = 0; y < filled.rows; ++y) {
        for (int x = 0; x < filled.cols; ++x) {
            for (int k = 0; k < 3; ++k) {
                planes[0][k][y][x] = static_cast<float>(filled.at<cv::Vec3b>(y, x)[2 - k]) / 127.5F - 1;
            }
        }
    }
    torch::NoGradGuard noGrad;
    const nn::Edges maps = graph->forward({{contract::detectorImage, planes}});
    const float least =
        0.9F * torch::cat({maps.at("score_8").flatten(), maps.at("score_16").flatten(), maps.at("score_32").flatten()})
                   .max()
                   .item<float>();
    const auto expected = drgan::train::detections(maps, least, 0.4).at(0);
    ASSERT_FALSE(expected.empty());
    detector->setScoreThreshold(least);
    detector->setNMSThreshold(0.4F);
    cv::Mat faces;
    detector->detect(picture, faces);
    ASSERT_EQ(faces.rows, static_cast<int>(expected.size()));
    for (int i = 0; i < faces.rows; ++i) {
        const auto& e = expected[static_cast<size_t>(i)];
        const auto* row = faces.ptr<float>(i);
        const double tolerance = 1e-3 * (10 + e.box.width + e.box.height);
        EXPECT_NEAR(row[0], e.box.x + 0.5, tolerance);  // where the first pixel begins, not its centre, is 0
        EXPECT_NEAR(row[1], e.box.y + 0.5, tolerance);
        EXPECT_NEAR(row[2], e.box.width, tolerance);
        EXPECT_NEAR(row[3], e.box.height, tolerance);
        for (size_t k = 0; k < 10; ++k) {
            EXPECT_NEAR(row[4 + k], e.landmarks[k], tolerance) << k;
        }
        EXPECT_NEAR(row[14], e.score, 1e-3);
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes, DetectorCells,
                         testing::Values(cv::Size(160, 96), cv::Size(32, 32), cv::Size(96, 32), cv::Size(32, 256)));

}  // namespace
