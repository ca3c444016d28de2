// SPDX-License-Identifier: Apache-2.0
#include "bundle_from_torch.hpp"

#include <filesystem>
#include <fstream>

#include "export/bundle.hpp"
#include "export/onnx_writer.hpp"
#include "nn/graph/onnx_import.hpp"
#include "nn/models/networks.hpp"

namespace nn = drgan::nn;

struct LiveBundle::Networks {
    nn::Graph encoder{nullptr}, decoder{nullptr};
};

namespace {

constexpr int64_t S = LiveBundle::imageSize;

nn::Graph importedEncoder(const std::string& folder) {
    nn::Graph recogniser;
    nn::GraphImpl& g = *recogniser;
    nn::GraphImpl::ConvShape down{3, 8};
    down.stride = {2, 2};
    std::string x = g.prelu(g.conv(g.input("input", {3, S, S}), down), 8);
    nn::GraphImpl::ConvShape depthwise{8, 8};
    depthwise.groups = 8;
    x = g.add(x, g.prelu(g.conv(x, depthwise), 8));
    nn::GraphImpl::ConvShape whole{8, 12, {16, 16}, {1, 1}, {0, 0}};
    x = g.conv(x, whole);
    g.output("code", g.flatten(g.conv(x, {12, LiveBundle::embeddingSize, {1, 1}, {1, 1}, {0, 0}})));
    const std::string path = folder + "/recogniser.onnx";
    std::ofstream(path, std::ios::binary) << drgan::exporting::toOnnx(recogniser, "recogniser", {});
    nn::Graph encoder = nn::importOnnxEncoder(path, {"BGR", {127, 127, 127}, {128, 128, 128}});
    // A confidence head whose output varies: an untrained one gives 0.5 for every picture.
    torch::NoGradGuard noGrad;
    auto* head = encoder->nodes()[encoder->nodes().size() - 2].module->as<torch::nn::Linear>();
    head->weight.normal_();
    return encoder;
}

/// Moves the running means and variances away from their initial values, so that folding them is tested.
template <typename Run>
void settle(nn::Graph& network, const Run& run) {
    torch::NoGradGuard noGrad;
    network->train();
    for (int i = 0; i < 20; ++i) {
        run();
    }
    network->eval();
}

torch::Tensor planes(const cv::Mat& bgr) {
    torch::Tensor t = torch::from_blob(bgr.data, {bgr.rows, bgr.cols, 3}, torch::kUInt8).to(torch::kFloat32);
    return (t.flip(2) / 127.5 - 1).permute({2, 0, 1});
}

cv::Mat toMat(const torch::Tensor& t) {
    const torch::Tensor c = t.contiguous();
    return cv::Mat(static_cast<int>(c.size(0)), static_cast<int>(c.size(1)), CV_32F, c.data_ptr<float>()).clone();
}

}  // namespace

LiveBundle::LiveBundle(Kind kind, const std::string& folder) : networks_(std::make_unique<Networks>()) {
    std::filesystem::create_directories(folder);
    torch::manual_seed(17);
    nn::Graph& encoder = networks_->encoder;
    nn::Graph& decoder = networks_->decoder;
    encoder = kind == Kind::Casia ? nn::casiaEncoder({S, embeddingSize, 0.2}) : importedEncoder(folder);
    const nn::DecoderSpec spec{S, embeddingSize, 5, noiseSize, 0.2};
    decoder = kind == Kind::Casia ? nn::mirroredDecoder(spec) : nn::basisDecoder(spec);
    settle(encoder, [&] { nn::encode(encoder, torch::rand({8, 3, S, S}) * 2 - 1); });
    settle(decoder, [&] {
        nn::decode(decoder, torch::randn({8, embeddingSize}), torch::eye(5).repeat({2, 1}).slice(0, 0, 8));
    });

    drgan::train::Checkpoint checkpoint;
    checkpoint.addNetwork("averaged_encoder", encoder);
    checkpoint.addNetwork("averaged_decoder", decoder);
    checkpoint.metadata["align_eyes"] = "0.5,0.461";
    checkpoint.metadata["align_eye_mouth"] = "0.363";
    checkpoint.metadata["pose_yaws"] = "-90,-45,0,45,90";
    drgan::exporting::writeBundle(checkpoint, {folder, 0.4});
}

LiveBundle::~LiveBundle() = default;

std::pair<cv::Mat, cv::Mat> LiveBundle::encode(const std::vector<cv::Mat>& aligned) const {
    torch::NoGradGuard noGrad;
    std::vector<torch::Tensor> images;
    for (const auto& picture : aligned) {
        images.push_back(planes(picture));
    }
    const auto [embedding, confidence] = nn::encode(networks_->encoder, torch::stack(images));
    return {toMat(embedding), toMat(confidence)};
}

cv::Mat LiveBundle::decode(const cv::Mat& embedding, int pose) const {
    torch::NoGradGuard noGrad;
    const torch::Tensor code = torch::from_blob(embedding.data, {1, embedding.cols}, torch::kFloat32).clone();
    const torch::Tensor face =
        nn::decode(networks_->decoder, code, torch::one_hot(torch::tensor({static_cast<int64_t>(pose)}), 5),
                   torch::zeros({1, noiseSize}));
    const torch::Tensor bytes =
        ((face[0].permute({1, 2, 0}).flip(2) + 1) * 127.5).round().clamp(0, 255).to(torch::kUInt8).contiguous();
    return cv::Mat(static_cast<int>(S), static_cast<int>(S), CV_8UC3, bytes.data_ptr<uint8_t>()).clone();
}
