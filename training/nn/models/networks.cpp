// SPDX-License-Identifier: Apache-2.0
#include "nn/models/networks.hpp"

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

struct Layer {
    int64_t channels, stride;
};

Trunk convolutions(GraphImpl& g, std::string x, int64_t in, double width, const std::vector<Layer>& layers) {
    for (const Layer& layer : layers) {
        const int64_t out = scaled(layer.channels, width);
        x = convBnElu(g, x, in, out, layer.stride);
        in = out;
    }
    return {x, in};
}

/// Conv11 to Conv52 of table 1: all but the last convolution. The map is S/16 wide.
Trunk casiaTrunk(GraphImpl& g, const std::string& x, double width) {
    return convolutions(g, x, 3, width,
                        {{32, 1},
                         {64, 1},
                         {64, 2},
                         {64, 1},
                         {128, 1},
                         {128, 2},
                         {96, 1},
                         {192, 1},
                         {192, 2},
                         {128, 1},
                         {256, 1},
                         {256, 2},
                         {160, 1}});
}

std::string pooledConv(GraphImpl& g, const Trunk& trunk, int64_t out) {
    GraphImpl::ConvShape shape{trunk.channels, out};
    shape.bias = false;
    return g.flatten(g.globalAveragePool(g.batchNorm(g.conv(trunk.edge, shape), out)));
}

/// The first layer of a decoder: embedding, pose and noise to `out` values.
std::string inputLayer(GraphImpl& g, const DecoderSpec& spec, int64_t out) {
    const std::string x =
        g.concat({g.input(contract::decoderEmbedding, {spec.embeddingSize}),
                  g.input(contract::decoderPose, {spec.poses}), g.input(contract::decoderNoise, {spec.noiseSize})});
    const std::string result = g.linear(x, spec.embeddingSize + spec.poses + spec.noiseSize, out);
    // A pose code is short and 50 values of noise are long beside an embedding: as they come, the noise would drown
    // the pose for the first thousand steps.
    torch::NoGradGuard noGrad;
    torch::Tensor weight = g.nodes().back().module->as<torch::nn::Linear>()->weight;
    weight.slice(1, spec.embeddingSize, spec.embeddingSize + spec.poses).mul_(4);
    if (!spec.appearance) {
        weight.slice(1, spec.embeddingSize + spec.poses).mul_(0.1);
    }
    return result;
}

/// Scales the last layer's weights.
void scaleWeights(GraphImpl& g, double factor) {
    torch::NoGradGuard noGrad;
    for (auto& p : g.nodes().back().module->parameters()) {
        p.mul_(factor);
    }
}

/// Makes the last convolution, one channel at a time, turn pixels doubled by repetition into linear interpolation.
void setTriangle(GraphImpl& g) {
    torch::NoGradGuard noGrad;
    const torch::Tensor line = torch::tensor({0.25F, 0.5F, 0.25F});
    g.nodes().back().module->as<torch::nn::Conv2d>()->weight.copy_(torch::outer(line, line).view({1, 1, 3, 3}));
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

    std::string x = inputLayer(g, spec, fc * side * side);
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

Graph basisDecoder(const DecoderSpec& spec) {
    checkSize(spec.imageSize);
    Graph graph;
    GraphImpl& g = *graph;
    const int64_t half = spec.imageSize / 2, sixteenth = spec.imageSize / 16;
    const int64_t hidden = scaled(1024, spec.width), basis = scaled(320, spec.width);
    const int64_t quarterChannels = scaled(128, spec.width), halfChannels = scaled(64, spec.width);
    const int64_t fullChannels = scaled(32, spec.width), mapChannels = scaled(48, spec.width);

    auto normElu = [&](const std::string& x, int64_t size) {
        return g.flatten(g.elu(g.batchNorm(g.reshape(x, {size, 1, 1}), size)));
    };
    const std::string mixed = normElu(inputLayer(g, spec, hidden), hidden);
    const std::string code = normElu(g.linear(mixed, hidden, basis), basis);
    const std::string coarse = g.reshape(g.linear(code, basis, 3 * half * half), {3, half, half});
    g.output("face_" + std::to_string(half), g.tanh(coarse));

    auto residual = [&](const std::string& x, int64_t channels) {
        return g.add(x, convBnElu(g, convBnElu(g, x, channels, channels), channels, channels));
    };
    auto narrowed = [&](const std::string& x, int64_t in, int64_t out) {
        GraphImpl::ConvShape shape{in, out, {1, 1}, {1, 1}, {0, 0}};
        shape.bias = false;
        return g.upsample(g.elu(g.batchNorm(g.conv(x, shape), out)));
    };
    const std::string map =
        g.reshape(g.linear(code, basis, mapChannels * sixteenth * sixteenth), {mapChannels, sixteenth, sixteenth});
    std::string x = convBnElu(g, coarse, 3, halfChannels, 2);
    x = convBnElu(g, g.concat({x, g.upsample(g.upsample(map))}), halfChannels + mapChannels, quarterChannels);
    x = residual(residual(x, quarterChannels), quarterChannels);
    x = g.concat({narrowed(x, quarterChannels, halfChannels), convBnElu(g, coarse, 3, fullChannels)});
    x = residual(convBnElu(g, x, halfChannels + fullChannels, halfChannels), halfChannels);
    x = narrowed(x, halfChannels, fullChannels);
    x = residual(x, fullChannels);
    const std::string details = g.conv(x, {fullChannels, 3});
    scaleWeights(g, 0.1);  // initially, the picture is the coarse one

    GraphImpl::ConvShape smooth{3, 3};
    smooth.groups = 3;
    smooth.bias = false;
    const std::string large = g.conv(g.upsample(coarse), smooth);
    setTriangle(g);
    g.output(contract::decoderFace, g.tanh(g.add(large, details)));
    return graph;
}

Graph appearanceNetwork(int64_t imageSize, int64_t size) {
    checkSize(imageSize);
    Graph graph;
    GraphImpl& g = *graph;
    // Light and colours are coarse: half of the resolution is enough, and the encoder's time hardly grows.
    std::string x = g.averagePool(g.input(contract::encoderImage, {3, imageSize, imageSize}), {});
    const Trunk trunk = convolutions(g, x, 3, 1, {{24, 2}, {48, 2}, {64, 2}, {64, 1}});
    const int64_t cells = trunk.channels * (imageSize / 16) * (imageSize / 16);  // where it is light, dark, or hair
    g.output(contract::encoderAppearance, g.tanh(g.linear(g.flatten(trunk.edge), cells, size)));
    return graph;
}

DiscriminatorForm discriminatorForm(const std::string& name) {
    if (name == "cvpr") {
        return DiscriminatorForm::Cvpr;
    }
    if (name == "tpami") {
        return DiscriminatorForm::Tpami;
    }
    if (name == "patch") {
        return DiscriminatorForm::Patch;
    }
    throw std::invalid_argument("a discriminator's form is cvpr, tpami or patch, not \"" + name + "\"");
}

Graph discriminator(const DiscriminatorSpec& spec) {
    checkSize(spec.imageSize);
    Graph graph;
    GraphImpl& g = *graph;
    const std::string image = g.input(contract::encoderImage, {3, spec.imageSize, spec.imageSize});
    if (spec.form == DiscriminatorForm::Patch) {
        const Trunk seen = convolutions(g, image, 3, spec.width, {{32, 1}, {64, 2}, {64, 1}, {128, 2}});
        // The pose becomes a map of S/4: what belongs beside an ear depends on the yaw.
        const int64_t sixteenth = spec.imageSize / 16, told = scaled(16, spec.width);
        const std::string pose = g.linear(g.input("pose", {spec.poses}), spec.poses, told * sixteenth * sixteenth);
        const std::string map = g.upsample(g.upsample(g.reshape(pose, {told, sixteenth, sixteenth})));
        const Trunk trunk =
            convolutions(g, g.concat({seen.edge, map}), seen.channels + told, spec.width, {{128, 1}, {192, 2}});
        g.output("real", g.conv(trunk.edge, {trunk.channels, 1}));
        return graph;
    }
    const Trunk trunk = casiaTrunk(g, image, spec.width);
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

Graph withFeatures(const Graph& encoder) {
    nlohmann::json description = encoder->toJson();
    int count = 0;
    for (const Node& node : encoder->nodes()) {
        if (node.op == "Conv" && node.integers("stride").front() > 1 && count++ > 0) {
            description["outputs"].push_back(
                {{"name", "feature_" + std::to_string(count - 2)}, {"edge", node.inputs.front()}});
        }
    }
    Graph result(description);
    copyWeights(*result, *encoder);
    return result;
}

namespace {

torch::MemoryFormat& currentFormat() {
    static torch::MemoryFormat format = torch::MemoryFormat::ChannelsLast;
    return format;
}

}  // namespace

torch::MemoryFormat memoryFormat() { return currentFormat(); }

void setMemoryFormat(torch::MemoryFormat format) { currentFormat() = format; }

torch::Tensor fromPlanes(const std::vector<float>& planes, int64_t imageSize, const torch::Device& device) {
    const int64_t count = static_cast<int64_t>(planes.size()) / (3 * imageSize * imageSize);
    return torch::from_blob(const_cast<float*>(planes.data()), {count, 3, imageSize, imageSize}, torch::kFloat32)
        .to(device, torch::kFloat32, false, true, memoryFormat());
}

std::pair<torch::Tensor, torch::Tensor> encode(Graph& encoder, const torch::Tensor& images) {
    Edges out = encoder->forward({{contract::encoderImage, images}});
    return {out.at(contract::encoderEmbedding), out.at(contract::encoderConfidence)};
}

torch::Tensor poseCode(const torch::Tensor& yaw, const std::vector<float>& poseYaws) {
    const torch::Tensor poses = torch::tensor(poseYaws).to(yaw.device());
    const auto count = static_cast<int64_t>(poseYaws.size());
    if (count == 1) {
        return torch::ones({yaw.size(0), 1}, yaw.options());
    }
    const torch::Tensor at = yaw.clamp(poseYaws.front(), poseYaws.back()).contiguous();
    const torch::Tensor above = torch::searchsorted(poses, at).clamp(1, count - 1), below = above - 1;
    const torch::Tensor low = poses.index_select(0, below), high = poses.index_select(0, above);
    const torch::Tensor share = ((at - low) / (high - low)).unsqueeze(1);
    return torch::one_hot(below, count) * (1 - share) + torch::one_hot(above, count) * share;
}

torch::Tensor decode(Graph& decoder, const torch::Tensor& embedding, const torch::Tensor& pose, torch::Tensor noise,
                     const std::string& output) {
    if (!noise.defined()) {
        noise = torch::rand({embedding.size(0), noiseSize(decoder)}, embedding.options()) * 2 - 1;
    }
    return decoder
        ->forward({{contract::decoderEmbedding, embedding},
                   {contract::decoderPose, pose.to(embedding.dtype())},
                   {contract::decoderNoise, noise}},
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
