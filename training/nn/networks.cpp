// SPDX-License-Identifier: Apache-2.0
#include "nn/networks.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "opencv2/drgan/model_contract.hpp"

namespace drgan::nn {

namespace contract = cv::drgan::contract;

namespace {

int64_t scaled(int64_t channels, double width) {
    return std::max<int64_t>(1, std::llround(static_cast<double>(channels) * width));
}

void checkSize(int64_t imageSize) {
    if (imageSize <= 0 || imageSize % 16 != 0) {
        throw std::invalid_argument("image size " + std::to_string(imageSize) + ": expected a multiple of 16");
    }
}

std::string convBnElu(GraphImpl& g, const std::string& x, int64_t in, int64_t out, int64_t stride = 1) {
    GraphImpl::ConvShape shape{in, out};
    shape.stride = {stride, stride};
    shape.bias = false;
    return g.elu(g.batchNorm(g.conv(x, shape), out));
}

struct Trunk {
    std::string edge;
    int64_t channels;
};

/// Conv11 to Conv52 of table 1: all but the last convolution. The map is S/16 wide.
Trunk casiaTrunk(GraphImpl& g, std::string x, double width) {
    struct Layer {
        int64_t channels, stride;
    };
    constexpr Layer layers[] = {{32, 1},  {64, 1},  {64, 2},  {64, 1},  {128, 1}, {128, 2}, {96, 1},
                                {192, 1}, {192, 2}, {128, 1}, {256, 1}, {256, 2}, {160, 1}};
    int64_t in = 3;
    for (const Layer& layer : layers) {
        const int64_t out = scaled(layer.channels, width);
        x = convBnElu(g, x, in, out, layer.stride);
        in = out;
    }
    return {x, in};
}

std::string pooledConv(GraphImpl& g, const Trunk& trunk, int64_t out) {
    GraphImpl::ConvShape shape{trunk.channels, out};
    shape.bias = false;
    return g.flatten(g.globalAveragePool(g.batchNorm(g.conv(trunk.edge, shape), out)));
}

/// The first layer of a decoder: embedding, pose and noise to `out` values.
std::string codeLayer(GraphImpl& g, const DecoderSpec& spec, int64_t out) {
    const std::string x =
        g.concat({g.input(contract::decoderEmbedding, {spec.embeddingSize}),
                  g.input(contract::decoderPose, {spec.poses}), g.input(contract::decoderNoise, {spec.noiseSize})});
    const std::string result = g.linear(x, spec.embeddingSize + spec.poses + spec.noiseSize, out);
    // A one-hot code is short and 50 values of noise are long beside an embedding: as they come, the noise would drown
    // the pose for the first thousand steps.
    torch::NoGradGuard noGrad;
    torch::Tensor weight = g.nodes().back().module->as<torch::nn::Linear>()->weight;
    weight.slice(1, spec.embeddingSize, spec.embeddingSize + spec.poses).mul_(4);
    weight.slice(1, spec.embeddingSize + spec.poses).mul_(0.1);
    return result;
}

}  // namespace

Graph casiaEncoder(const EncoderSpec& spec) {
    checkSize(spec.imageSize);
    Graph graph;
    GraphImpl& g = *graph;
    const Trunk trunk = casiaTrunk(g, g.input(contract::encoderImage, {3, spec.imageSize, spec.imageSize}), spec.width);
    // The paper's Conv53 has Nf+1 channels; as two convolutions the extra one needs no slicing.
    g.output(contract::encoderEmbedding, pooledConv(g, trunk, spec.embeddingSize));
    g.output(contract::encoderConfidence, g.sigmoid(pooledConv(g, trunk, 1)));
    return graph;
}

Graph mirroredDecoder(const DecoderSpec& spec) {
    checkSize(spec.imageSize);
    Graph graph;
    GraphImpl& g = *graph;
    const int64_t side = spec.imageSize / 16;
    const int64_t fc = spec.fcChannels > 0 ? spec.fcChannels : scaled(320, spec.width);

    std::string x = codeLayer(g, spec, fc * side * side);
    x = g.elu(g.batchNorm(g.reshape(x, {fc, side, side}), fc));

    struct Layer {
        int64_t channels;
        bool up;
    };
    // FConv52 to FConv12 of table 1.
    constexpr Layer layers[] = {{160, false}, {256, false}, {256, true},  {128, false}, {192, false},
                                {192, true},  {96, false},  {128, false}, {128, true},  {64, false},
                                {64, false},  {64, true},   {32, false}};
    int64_t in = fc;
    for (const Layer& layer : layers) {
        const int64_t out = scaled(layer.channels, spec.width);
        if (layer.up && spec.transposed) {
            GraphImpl::ConvShape shape{in, out};
            shape.stride = {2, 2};
            shape.outputPadding = {1, 1};
            shape.bias = false;
            x = g.elu(g.batchNorm(g.convTranspose(x, shape), out));
        } else {
            x = convBnElu(g, layer.up ? g.upsample(x) : x, in, out);
        }
        in = out;
    }
    g.output(contract::decoderFace, g.tanh(g.conv(x, {in, 3})));
    return graph;
}

Graph skipDecoder(const DecoderSpec& spec) {
    checkSize(spec.imageSize);
    Graph graph;
    GraphImpl& g = *graph;
    constexpr int64_t channels[] = {256, 192, 128, 64, 32};  // per resolution, from S/16 to S
    int64_t side = spec.imageSize / 16;
    const int64_t hidden = scaled(768, spec.width);
    int64_t in = spec.fcChannels > 0 ? spec.fcChannels : scaled(160, spec.width);

    std::string x = g.reshape(codeLayer(g, spec, hidden), {hidden, 1, 1});
    x = g.flatten(g.elu(g.batchNorm(x, hidden)));
    x = g.reshape(g.linear(x, hidden, in * side * side), {in, side, side});
    std::string picture;
    for (size_t level = 0; level < std::size(channels); ++level) {
        const int64_t out = scaled(channels[level], spec.width);
        if (level > 0) {
            x = g.upsample(x);
            side *= 2;
        }
        x = convBnElu(g, x, in, out);
        x = g.add(x, convBnElu(g, x, out, out));
        // No picture below S/4: its pixels would stay visible as blocks, and nothing above could mend one that
        // saturates.
        if (side * 4 >= spec.imageSize) {
            const std::string here = g.conv(x, {out, 3});
            picture = picture.empty() ? here : g.add(g.upsample(picture), here);
            g.output(side == spec.imageSize ? contract::decoderFace : "face_" + std::to_string(side), g.tanh(picture));
        }
        in = out;
    }
    return graph;
}

Graph discriminator(const DiscriminatorSpec& spec) {
    checkSize(spec.imageSize);
    Graph graph;
    GraphImpl& g = *graph;
    const Trunk trunk = casiaTrunk(g, g.input(contract::encoderImage, {3, spec.imageSize, spec.imageSize}), spec.width);
    const int64_t features = scaled(320, spec.width);
    const std::string x = pooledConv(g, trunk, features);
    const bool cvpr = spec.form == DiscriminatorForm::Cvpr;
    g.output("identity", g.linear(x, features, spec.identities + (cvpr ? 1 : 0)));
    g.output("pose", g.linear(x, features, spec.poses));
    if (!cvpr) {
        g.output("real", g.linear(x, features, 1));
    }
    return graph;
}

std::pair<torch::Tensor, torch::Tensor> encode(Graph& encoder, const torch::Tensor& images) {
    Edges out = encoder->forward({{contract::encoderImage, images}});
    return {out.at(contract::encoderEmbedding), out.at(contract::encoderConfidence)};
}

torch::Tensor decode(Graph& decoder, const torch::Tensor& embedding, const torch::Tensor& pose, torch::Tensor noise,
                     const std::string& output) {
    if (!noise.defined()) {
        noise = torch::rand({embedding.size(0), noiseSize(decoder)}, embedding.options()) * 2 - 1;
    }
    const torch::Tensor code = torch::one_hot(pose, poseCount(decoder)).to(embedding.dtype());
    return decoder
        ->forward(
            {{contract::decoderEmbedding, embedding}, {contract::decoderPose, code}, {contract::decoderNoise, noise}},
            {output})
        .at(output);
}

std::string faceOutput(const Graph& decoder, int64_t imageSize, int64_t side) {
    if (side == 0 || side == imageSize) {
        return contract::decoderFace;
    }
    const std::string name = "face_" + std::to_string(side);
    for (const auto& item : decoder->outputs()) {
        if (item.first == name) {
            return name;
        }
    }
    throw std::runtime_error("this decoder draws no pictures of " + std::to_string(side) + " px");
}

int64_t imageSize(const Graph& graph) { return graph->inputs().at(contract::encoderImage).at(1); }
int64_t embeddingSize(const Graph& decoder) { return decoder->inputs().at(contract::decoderEmbedding).at(0); }
int64_t poseCount(const Graph& decoder) { return decoder->inputs().at(contract::decoderPose).at(0); }
int64_t noiseSize(const Graph& decoder) { return decoder->inputs().at(contract::decoderNoise).at(0); }

}  // namespace drgan::nn
