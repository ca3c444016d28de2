// SPDX-License-Identifier: Apache-2.0
//
// The detector with YuNet's weights says, before it learns, what YuNet says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <opencv2/dnn.hpp>

#include "nn/models/detector.hpp"
#include "opencv2/drgan/model_contract.hpp"
#include "temporary_folder.hpp"

namespace nn = drgan::nn;
namespace contract = cv::drgan::contract;
using drgan::test::messageOf;
using testing::HasSubstr;

namespace {

TEST(YuNetStart, SaysWhatIsNoYuNet) {
    const drgan::test::TemporaryFolder folder;
    EXPECT_THAT(messageOf([] { nn::detectorFromYunet("/nowhere.onnx"); }),
                HasSubstr("/nowhere.onnx: cannot be opened"));
    drgan::test::writeText(folder / "text.onnx", "no network");
    EXPECT_THAT(messageOf([&] { nn::detectorFromYunet(folder / "text.onnx"); }), HasSubstr("not an ONNX file"));
    const char* bundle = std::getenv("DRGAN_BUNDLE");
    ASSERT_TRUE(bundle);
    EXPECT_THAT(messageOf([&] { nn::detectorFromYunet(std::string(bundle) + "/aligner.onnx"); }),
                testing::AllOf(HasSubstr("aligner.onnx"), HasSubstr("expected the 43 of YuNet of 2022")));
}

TEST(YuNetStart, GivesWhatYuNetGives) {
    const char* shared = std::getenv("DRGAN_SHARED");
    const std::string model = std::string(shared ? shared : "") + "/models/face_detection_yunet_2022.onnx";
    if (!std::filesystem::exists(model)) {
        GTEST_SKIP() << "DRGAN_SHARED: there is no " << model;
    }
    constexpr int side = 320;
    cv::Mat picture(side, side, CV_8UC3);
    cv::RNG(2).fill(picture, cv::RNG::UNIFORM, 0, 256);
    cv::dnn::Net yunet = cv::dnn::readNetFromONNX(model);
    yunet.setInput(cv::dnn::blobFromImage(picture));
    std::vector<cv::Mat> outs;
    yunet.forward(outs, std::vector<cv::String>{"loc", "conf"});
    const cv::Mat loc = outs[0].reshape(1, static_cast<int>(outs[0].total() / 14));
    const cv::Mat conf = outs[1].reshape(1, loc.rows);

    nn::Graph network = nn::detectorFromYunet(model);
    network->eval();
    torch::Tensor rgb = torch::from_blob(picture.data, {1, side, side, 3}, torch::kUInt8).to(torch::kFloat32);
    rgb = (rgb.permute({0, 3, 1, 2}).flip(1) / 127.5 - 1).contiguous();
    const torch::NoGradGuard noGrad;
    const nn::Edges maps = network->forward({{contract::detectorImage, rgb}});

    const int anchors[] = {3, 2, 2}, taken[] = {1, 0, 0}, sides[] = {16, 32, 64};
    int before = 0;
    for (int level = 0; level < 3; ++level) {
        const int stride = contract::detectorStrides[level], cells = side / stride;
        SCOPED_TRACE(stride);
        // In the middle: the border differs, where YuNet's own picture goes on black and this one grey.
        const int column = cells / 2, row = cells / 2;
        const auto* of = loc.ptr<float>(before + (row * cells + column) * anchors[level] + taken[level]);
        const float score = conf.at<float>(before + (row * cells + column) * anchors[level] + taken[level], 1);
        EXPECT_NEAR(maps.at(contract::detectorScore[level])[0][0][row][column].item<float>(), score, 0.02);
        const torch::Tensor box = maps.at(contract::detectorBox[level])[0],
                            points = maps.at(contract::detectorLandmarks[level])[0];
        const auto pixel = [&](int value, int at) {
            return stride * (at + 0.5) + of[value] * 0.1 * sides[level] - 0.5;
        };
        EXPECT_NEAR(stride * (column + box[0][row][column].item<double>()), pixel(0, column), 0.05 * stride);
        EXPECT_NEAR(stride * (row + box[1][row][column].item<double>()), pixel(1, row), 0.05 * stride);
        for (int k = 2; k < 4; ++k) {
            EXPECT_NEAR(stride * std::exp(box[k][row][column].item<double>()), sides[level] * std::exp(0.2 * of[k]),
                        0.05 * stride);
        }
        for (int k = 0; k < 10; ++k) {
            const int at = k % 2 == 0 ? column : row;
            EXPECT_NEAR(stride * (at + points[k][row][column].item<double>()), pixel(4 + k, at), 0.05 * stride) << k;
        }
        before += cells * cells * anchors[level];
    }
}

}  // namespace
