// SPDX-License-Identifier: Apache-2.0
//
// The crops on which the aligner is trained equal those that cv::drgan::Aligner gives its network, bit for bit.

#include <gtest/gtest.h>

#include <opencv2/drgan.hpp>
#include <opencv2/imgproc.hpp>
#include <random>

#include "export/onnx_writer.hpp"
#include "nn/models/networks.hpp"
#include "opencv2/drgan/model_contract.hpp"
#include "pictures.hpp"
#include "run/picture.hpp"
#include "small_network/crops.hpp"

namespace contract = cv::drgan::contract;
namespace nn = drgan::nn;
using namespace drgan::train;

namespace {

constexpr int size = 32;
constexpr double factor = 1.5;

/// An aligner whose "landmarks" are ten values of its crop, which shows the runtime's pixels.
cv::Ptr<cv::drgan::Aligner> peephole(const std::vector<int>& places) {
    constexpr int64_t values = 3 * size * size;
    nn::Graph network;
    nn::GraphImpl& g = *network;
    const std::string flat = g.flatten(g.input(contract::alignerCrop, {3, size, size}));
    g.output(contract::alignerLandmarks, g.linear(flat, values, 10));
    const torch::Tensor seen = network->parameters().front();
    g.output(contract::alignerYaw, g.linear(flat, values, 1));
    g.output(contract::alignerScore, g.sigmoid(g.linear(flat, values, 1)));
    const torch::NoGradGuard noGrad;
    for (torch::Tensor& p : network->parameters()) {
        p.zero_();
    }
    for (int64_t i = 0; i < 10; ++i) {
        seen[i][places[static_cast<size_t>(i)]] = 0.25;  // keeps eyes and mouth apart, whatever the picture
        network->parameters()[1][i] = i >= 6 && i % 2 == 1 ? 1.F : 0.F;
    }
    const std::string bytes = drgan::exporting::toOnnx(network, "aligner",
                                                       {{contract::keyVersion, std::to_string(contract::version)},
                                                        {contract::keyRole, "aligner"},
                                                        {contract::keyBundleId, "peephole"},
                                                        {contract::keyImageSize, std::to_string(size)},
                                                        {contract::keyColorOrder, "RGB"},
                                                        {contract::keyPixelRange, "-1,1"},
                                                        {contract::keyCropFactor, "1.5"}});
    return cv::drgan::Aligner::create(std::vector<uchar>(bytes.begin(), bytes.end()));
}

/// The runtime's values at `places` of the crop around an upright box.
std::vector<float> seenBy(cv::drgan::Aligner& aligner, const cv::Mat& bgr, const Square& box) {
    const cv::Mat_<double> rectangle =
        (cv::Mat_<double>(1, 4) << box.x - box.side / 2, box.y - box.side / 2, box.side, box.side);
    cv::Mat_<float> row;
    aligner.align(bgr, rectangle, row);
    const double side = box.side * factor;
    std::vector<float> values;
    for (int i = 0; i < 10; ++i) {
        const double middle = i % 2 == 0 ? box.x : box.y;
        const double landmark = (row(0, 4 + i) - middle) / side + 0.5;
        values.push_back(static_cast<float>((landmark - (i >= 6 && i % 2 == 1 ? 1 : 0)) * 4));
    }
    return values;
}

TEST(TrainingCrop, IsTheRuntimesBitForBit) {
    const cv::Mat bgr = drgan_test::noisePicture({180, 140}, CV_8UC3, 5);
    cv::Mat rgb;
    cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
    std::mt19937 random(7);
    const auto between = [&](double low, double high) { return low + (high - low) * random() / 4294967295.0; };
    for (int network = 0; network < 8; ++network) {
        std::vector<int> places;
        for (int i = 0; i < 10; ++i) {
            places.push_back(static_cast<int>(random() % (3 * size * size)));
        }
        const auto aligner = peephole(places);
        for (int i = 0; i < 40; ++i) {
            // Inside and beyond the border, upscaled and downscaled.
            const Square box{between(0, 179), between(0, 139), between(10, 200), 0};
            const std::vector<float> runtime = seenBy(*aligner, bgr, box);
            Square crop = box;
            crop.side *= factor;
            std::vector<float> planes;
            appendPlanes(cutCrop(rgb, crop, size), planes);
            for (size_t k = 0; k < 10; ++k) {
                // A float landmark of hundreds of pixels keeps a value to less than half a grey level.
                ASSERT_NEAR(runtime[k], planes[static_cast<size_t>(places[k])], 1. / 255)
                    << "box " << box.x << "," << box.y << " " << box.side << ", value " << places[k];
            }
        }
    }
}

}  // namespace
