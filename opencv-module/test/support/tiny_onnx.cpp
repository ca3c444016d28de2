// SPDX-License-Identifier: Apache-2.0
#include "tiny_onnx.hpp"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <locale>
#include <opencv2/drgan/model_contract.hpp>
#include <random>
#include <sstream>
#include <stdexcept>

namespace drgan_test {

namespace {

namespace contract = cv::drgan::contract;

/// A protobuf message being written (https://protobuf.dev/programming-guides/encoding/).
class Message {
public:
    Message& integer(int field, int64_t value) {
        varint(static_cast<uint64_t>(field) << 3);
        varint(static_cast<uint64_t>(value));
        return *this;
    }
    Message& text(int field, const std::string& value) {
        varint(static_cast<uint64_t>(field) << 3 | 2);
        varint(value.size());
        bytes_ += value;
        return *this;
    }
    Message& message(int field, const Message& value) { return text(field, value.bytes_); }
    const std::string& bytes() const { return bytes_; }

private:
    void varint(uint64_t value) {
        for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
        bytes_ += static_cast<char>(value);
    }
    std::string bytes_;
};

std::string numberText(const std::vector<float>& numbers) {
    std::ostringstream stream;
    stream.imbue(std::locale::classic());
    for (size_t i = 0; i < numbers.size(); ++i) stream << (i ? "," : "") << numbers[i];
    return stream.str();
}

/// A GraphProto being written, with random weights.
class Graph {
public:
    explicit Graph(const TinyOptions& options) : options_(options), random_(options.seed) {}

    void input(const std::string& name, std::vector<int64_t> shape) { value(11, name, std::move(shape)); }
    void output(const std::string& name, std::vector<int64_t> shape) { value(12, name, std::move(shape)); }

    /// @param attributes made by attr()
    void node(const std::string& op, const std::vector<std::string>& inputs, const std::string& output,
              const std::vector<Message>& attributes = {}) {
        Message node;
        for (const std::string& name : inputs) node.text(1, renamed(name));
        node.text(2, renamed(output)).text(4, op);
        for (const Message& a : attributes) node.message(5, a);
        graph_.message(1, node);
    }

    static Message attr(const std::string& name, int64_t value) {
        return Message().text(1, name).integer(3, value).integer(20, 2);
    }
    static Message attr(const std::string& name, const std::vector<int64_t>& values) {
        Message message;
        message.text(1, name);
        for (const int64_t v : values) message.integer(8, v);
        return message.integer(20, 7);
    }
    static Message attr(const std::string& name, const std::string& value) {
        return Message().text(1, name).text(4, value).integer(20, 3);
    }

    /// A float initializer, uniform in +-scale.
    std::string weight(const std::string& name, const std::vector<int64_t>& dims, float scale) {
        size_t count = 1;
        for (const int64_t d : dims) count *= static_cast<size_t>(d);
        std::vector<float> values(count);
        // Straight from the generator: std::uniform_real_distribution differs between standard libraries.
        for (float& v : values) v = scale * (static_cast<float>(random_() >> 8) / 8388608.0f - 1);
        return initializer(name, dims, 1, values.data(), count * sizeof(float));
    }
    std::string values(const std::string& name, const std::vector<int64_t>& dims, const std::vector<float>& values) {
        return initializer(name, dims, 1, values.data(), values.size() * sizeof(float));
    }
    std::string constant(const std::string& name, const std::vector<float>& values) {
        return initializer(name, {static_cast<int64_t>(values.size())}, 1, values.data(),
                           values.size() * sizeof(float));
    }
    std::string constant(const std::string& name, const std::vector<int64_t>& values) {
        return initializer(name, {static_cast<int64_t>(values.size())}, 7, values.data(),
                           values.size() * sizeof(int64_t));
    }

    /// The ModelProto around the graph. Metadata comes last, as ONNX exporters write it.
    std::vector<unsigned char> model(std::map<std::string, std::string> metadata) {
        for (const auto& entry : options_.metadata) metadata[entry.first] = entry.second;
        for (const std::string& key : options_.withoutMetadata) metadata.erase(key);
        Message model;
        model.integer(1, 5).text(2, "drgan tests");
        model.message(7, graph_.text(2, "tiny"));
        model.message(8, Message().text(1, "").integer(2, 10));
        for (const auto& entry : metadata) {
            const Message property = Message().text(1, entry.first).text(2, entry.second);
            for (size_t i = 0; i < 1 + options_.twiceMetadata.count(entry.first); ++i) model.message(14, property);
        }
        return std::vector<unsigned char>(model.bytes().begin(), model.bytes().end());
    }

private:
    std::string renamed(const std::string& name) const {
        const auto found = options_.rename.find(name);
        return found == options_.rename.end() ? name : found->second;
    }

    void value(int field, const std::string& name, std::vector<int64_t> shape) {
        const auto declared = options_.declare.find(name);
        if (declared != options_.declare.end()) shape = declared->second;
        Message dims;
        for (size_t i = 0; i < shape.size(); ++i) {
            if (shape[i] >= 0) {
                dims.message(1, Message().integer(1, shape[i]));
            } else if (i > 0 || options_.namedBatch) {
                dims.message(1, Message().text(2, i > 0 ? name + "." + std::to_string(i) : "N"));
            } else {
                dims.message(1, Message());
            }
        }
        const Message tensor = Message().integer(1, options_.elementType).message(2, dims);
        graph_.message(field, Message().text(1, renamed(name)).message(2, Message().message(1, tensor)));
    }

    std::string initializer(const std::string& name, const std::vector<int64_t>& dims, int type, const void* data,
                            size_t bytes) {
        const bool first = !hasInitializer_;
        hasInitializer_ = true;
        Message tensor;
        for (const int64_t d : dims) tensor.integer(1, d);
        tensor.integer(2, type).text(8, name);
        if (first && options_.shortData) bytes -= 4;
        if (first && options_.externalData) {
            tensor.message(13, Message().text(1, "location").text(2, "weights.bin")).integer(14, 1);
        } else {
            tensor.text(9, std::string(static_cast<const char*>(data), bytes));
        }
        graph_.message(5, tensor);
        return name;
    }

    const TinyOptions& options_;
    std::mt19937 random_;
    Message graph_;
    bool hasInitializer_ = false;
};

std::map<std::string, std::string> commonMetadata(const TinyOptions& options, const char* role) {
    if (options.imageSize < 4 || options.imageSize % 4 != 0) {
        throw std::invalid_argument("TinyOptions::imageSize: expected a multiple of 4");
    }
    return {{contract::keyVersion, std::to_string(contract::version)},
            {contract::keyRole, role},
            {contract::keyBundleId, options.bundleId},
            {contract::keyImageSize, std::to_string(options.imageSize)},
            {contract::keyColorOrder, "RGB"},
            {contract::keyPixelRange, "-1,1"}};
}

float lastScale(const TinyOptions& options, float scale) {
    return options.nanWeights ? std::numeric_limits<float>::quiet_NaN() : scale;
}

}  // namespace

std::vector<unsigned char> tinyEncoder(const TinyOptions& options) {
    std::map<std::string, std::string> metadata = commonMetadata(options, "encoder");
    metadata[contract::keyEmbeddingSize] = std::to_string(options.embeddingSize);
    metadata[contract::keyAlignEyes] = numberText({options.alignEyes[0], options.alignEyes[1]});
    metadata[contract::keyAlignEyeMouth] = numberText({options.alignEyeMouth});

    const int64_t s = options.imageSize, nf = options.embeddingSize, c = 6;
    Graph g(options);
    g.input(contract::encoderImage, {-1, 3, s, s});
    const std::vector<Message> conv = {g.attr("kernel_shape", std::vector<int64_t>{3, 3}),
                                       g.attr("strides", std::vector<int64_t>{2, 2}),
                                       g.attr("pads", std::vector<int64_t>{1, 1, 1, 1})};
    g.node("Conv", {contract::encoderImage, g.weight("w1", {c, 3, 3, 3}, 0.6f), g.weight("b1", {c}, 0.2f)}, "c1", conv);
    g.node("Relu", {"c1"}, "r1");
    g.node("Conv", {"r1", g.weight("w2", {c, c, 3, 3}, 0.6f), g.weight("b2", {c}, 0.2f)}, "c2", conv);
    g.node("Relu", {"c2"}, "r2");
    g.node("GlobalAveragePool", {"r2"}, "pool");
    g.node("Flatten", {"pool"}, "flat", {g.attr("axis", int64_t(1))});
    const std::vector<Message> gemm = {g.attr("transB", int64_t(1))};
    g.node("Gemm", {"flat", g.weight("w3", {nf, c}, lastScale(options, 1)), g.weight("b3", {nf}, 0.1f)},
           contract::encoderEmbedding, gemm);
    g.node("Gemm", {"flat", g.weight("w4", {1, c}, 2), g.weight("b4", {1}, 0.5f)}, "logit", gemm);
    g.node("Sigmoid", {"logit"}, contract::encoderConfidence);
    g.output(contract::encoderEmbedding, {-1, nf});
    g.output(contract::encoderConfidence, {-1, 1});
    if (options.withAppearance) {
        metadata[contract::keyAppearanceSize] = std::to_string(options.noiseSize);
        g.node("GlobalAveragePool", {contract::encoderImage}, "colour");
        g.node("Flatten", {"colour"}, "colours", {g.attr("axis", int64_t(1))});
        g.node("Gemm",
               {"colours", g.weight("w5", {options.noiseSize, 3}, lastScale(options, 1)),
                g.weight("b5", {options.noiseSize}, 0.1f)},
               "look", gemm);
        g.node("Tanh", {"look"}, contract::encoderAppearance);
        g.output(contract::encoderAppearance, {-1, options.noiseSize});
    }
    return g.model(std::move(metadata));
}

std::vector<unsigned char> tinyDecoder(const TinyOptions& options) {
    std::map<std::string, std::string> metadata = commonMetadata(options, "decoder");
    metadata[contract::keyEmbeddingSize] = std::to_string(options.embeddingSize);
    metadata[contract::keyPoseYaws] = numberText(options.poseYaws);
    metadata[contract::keyNoiseSize] = std::to_string(options.noiseSize);

    const int64_t s = options.imageSize, nf = options.embeddingSize, nz = options.noiseSize;
    const int64_t np = static_cast<int64_t>(options.poseYaws.size());
    const int64_t map = s / 4;  // side of the first map, which is doubled twice
    Graph g(options);
    g.input(contract::decoderEmbedding, {-1, nf});
    g.input(contract::decoderPose, {-1, np});
    g.input(contract::decoderNoise, {-1, nz});
    g.node("Concat", {contract::decoderEmbedding, contract::decoderPose, contract::decoderNoise}, "code",
           {g.attr("axis", int64_t(1))});
    g.node("Gemm",
           {"code", g.weight("w", {3 * map * map, nf + np + nz}, lastScale(options, 0.7f)),
            g.weight("b", {3 * map * map}, 0.1f)},
           "fc", {g.attr("transB", int64_t(1))});
    g.node("Reshape", {"fc", g.constant("shape", std::vector<int64_t>{-1, 3, map, map})}, "map");
    const std::string twice = g.constant("scales", std::vector<float>{1, 1, 2, 2});
    const std::vector<Message> nearest = {g.attr("mode", std::string("nearest"))};
    g.node("Resize", {"map", twice}, "half", nearest);
    g.node("Add", {"half", "half"}, "double");
    g.node("Concat", {"half", "double"}, "both", {g.attr("axis", int64_t(1))});
    g.node("Resize", {"both", twice}, "up", nearest);
    g.node("Conv", {"up", g.weight("mix", {3, 6, 1, 1}, 0.5f)}, "drawn",
           {g.attr("kernel_shape", std::vector<int64_t>{1, 1})});
    g.node("Tanh", {"drawn"}, contract::decoderFace);
    g.output(contract::decoderFace, {-1, 3, s, s});
    return g.model(std::move(metadata));
}

std::vector<unsigned char> tinyAligner(const TinyOptions& options) {
    std::map<std::string, std::string> metadata = commonMetadata(options, "aligner");
    metadata[contract::keyCropFactor] = numberText({options.cropFactor});

    const int64_t s = options.imageSize, plane = s * s, all = 3 * plane;
    const int colors[] = {0, 0, 1, 2, 2};  // of each point: red, green or blue
    // The softmax of the logarithm of how bright the cells are is their share of all brightness. The logarithm is made
    // of pieces that are straight from one power of 2 to the next; below 1/256 it falls to as good as nothing.
    constexpr int pieces = 9;
    std::vector<float> bends(9 * pieces, 0), bendsBias(3 * pieces), logs(15 * pieces, 0);
    float before = 0;
    for (int i = 0; i < pieces; ++i) {
        const float from = i == 0 ? 0 : std::ldexp(1.0f, i - pieces), to = std::ldexp(1.0f, i + 1 - pieces);
        const float slope = (i == 0 ? 14.0f : std::log(2.0f)) / (to - from);
        for (int c = 0; c < 3; ++c) {
            bends[(c * pieces + i) * 3 + c] = 0.5f;  // (p + 1) / 2 is how bright pixel p is, from 0 to 1
            bendsBias[c * pieces + i] = 0.5f - from;
        }
        for (int k = 0; k < 5; ++k) logs[(k * 3 + colors[k]) * pieces + i] = slope - before;
        before = slope;
    }
    std::vector<float> places(10 * 5 * plane, 0);
    for (int k = 0; k < 10; ++k) {
        for (int64_t i = 0; i < plane; ++i) {
            places[(k * 5 + k / 2) * plane + i] = static_cast<float>(k % 2 ? i / s : i % s) / static_cast<float>(s);
        }
    }
    const bool fixed = !options.landmarks.empty();
    std::vector<float> unit(100, 0), offsets = options.landmarks;
    if (!fixed) {
        for (int k = 0; k < 10; ++k) unit[k * 11] = 1;
        offsets = {-0.05f, 0, 0.05f, 0, 0, 0, -0.05f, 0, 0.05f, 0};
    }
    std::vector<float> yaw(10, 0);
    yaw[0] = yaw[2] = -0.5f;
    yaw[4] = 1;
    if (options.nanWeights) yaw[4] = std::numeric_limits<float>::quiet_NaN();

    Graph g(options);
    const std::vector<Message> gemm = {g.attr("transB", int64_t(1))};
    g.input(contract::alignerCrop, {-1, 3, s, s});
    const std::vector<Message> pointwise = {g.attr("kernel_shape", std::vector<int64_t>{1, 1})};
    g.node("Conv",
           {contract::alignerCrop, g.values("bends_w", {3 * pieces, 3, 1, 1}, bends),
            g.values("bends_b", {3 * pieces}, bendsBias)},
           "bends", pointwise);
    g.node("Relu", {"bends"}, "bent");
    g.node("Conv", {"bent", g.values("logs_w", {5, 3 * pieces, 1, 1}, logs)}, "logs", pointwise);
    g.node("Reshape", {"logs", g.constant("cells", std::vector<int64_t>{-1, 5, plane})}, "rows");
    g.node("Softmax", {"rows"}, "shares", {g.attr("axis", int64_t(-1))});
    const std::vector<Message> fromChannels = {g.attr("axis", int64_t(1))};
    g.node("Flatten", {"shares"}, "all", fromChannels);
    g.node("Flatten", {contract::alignerCrop}, "flat", fromChannels);
    const auto layer = [&](const char* from, const std::string& to, int64_t n, int64_t m, const std::vector<float>& w,
                           const std::vector<float>& b) {
        g.node("Gemm", {from, g.values(to + "_w", {n, m}, w), g.values(to + "_b", {n}, b)}, to, gemm);
    };
    layer("all", "centroids", 10, 5 * plane, places, std::vector<float>(10, 0));
    layer("centroids", contract::alignerLandmarks, 10, 10, unit, offsets);
    layer("centroids", contract::alignerYaw, 1, 10, yaw, {0});
    layer("flat", "logit", 1, all, std::vector<float>(all, 4.0f / static_cast<float>(all)), {2});
    g.node("Sigmoid", {"logit"}, contract::alignerScore);
    g.output(contract::alignerLandmarks, {-1, 10});
    g.output(contract::alignerYaw, {-1, 1});
    g.output(contract::alignerScore, {-1, 1});
    return g.model(std::move(metadata));
}

std::vector<unsigned char> tinyDetector(const TinyOptions& options) {
    Graph g(options);
    g.input(contract::detectorImage, {-1, 3, -1, -1});
    const auto layer = [&](int level, const std::string& to, const std::vector<float>& w, const std::vector<float>& b) {
        const int64_t n = static_cast<int64_t>(b.size()), stride = contract::detectorStrides[level];
        g.node("Conv", {contract::detectorImage, g.values(to + "_w", {n, 3, 1, 1}, w), g.values(to + "_b", {n}, b)}, to,
               {g.attr("kernel_shape", std::vector<int64_t>{1, 1}),
                g.attr("strides", std::vector<int64_t>{stride, stride})});
    };
    for (int i = 0; i < 3; ++i) {
        // At most one of the colours is bright: 15 for that one alone, -5 for black, less for all else.
        std::vector<float> color(3, -10);
        color[i] = 10;
        const std::string logit = std::string(contract::detectorScore[i]) + "_logit";
        layer(i, logit, color, {lastScale(options, -15)});
        g.node("Sigmoid", {logit}, contract::detectorScore[i]);
        layer(i, contract::detectorBox[i], std::vector<float>(12, 0), options.detectorBox);
        layer(i, contract::detectorLandmarks[i], std::vector<float>(30, 0), options.detectorLandmarks);
        g.output(contract::detectorScore[i], {-1, 1, -1, -1});
        g.output(contract::detectorBox[i], {-1, 4, -1, -1});
        g.output(contract::detectorLandmarks[i], {-1, 10, -1, -1});
    }
    return g.model(commonMetadata(options, "detector"));
}

std::string tinyManifest(const TinyOptions& options, size_t encoderBytes, size_t decoderBytes, size_t alignerBytes,
                         size_t detectorBytes) {
    const auto file = [&](const char* name, size_t bytes) {
        return std::string("    {\"name\": \"") + name + "\", \"bytes\": " + std::to_string(bytes) + "}";
    };
    std::string text = "{\n";
    text += std::string("  \"") + contract::manifestBundleId + "\": \"" + options.bundleId + "\",\n";
    text += std::string("  \"") + contract::manifestVersion + "\": " + std::to_string(contract::version) + ",\n";
    text += std::string("  \"") + contract::manifestFiles + "\": [\n" + file(contract::encoderFile, encoderBytes) +
            ",\n" + file(contract::decoderFile, decoderBytes) +
            (alignerBytes > 0 ? ",\n" + file(contract::alignerFile, alignerBytes) : std::string()) +
            (detectorBytes > 0 ? ",\n" + file(contract::detectorFile, detectorBytes) : std::string()) + "\n  ],\n";
    text += std::string("  \"") + contract::manifestPoseYaws + "\": [" + numberText(options.poseYaws) + "],\n";
    text += std::string("  \"") + contract::manifestAlignment + "\": {\"eyes\": [" +
            numberText({options.alignEyes[0], options.alignEyes[1]}) +
            "], \"eye_mouth\": " + numberText({options.alignEyeMouth}) + "},\n";
    if (!options.thresholds.empty()) {
        text += std::string("  \"") + contract::manifestThresholds + "\": [\n";
        for (size_t i = 0; i < options.thresholds.size(); ++i) {
            const auto& [rate, cosine] = options.thresholds[i];
            text += std::string("    {\"") + contract::manifestFalseMatchRate +
                    "\": " + numberText({static_cast<float>(rate)}) + ", \"" + contract::manifestCosine +
                    "\": " + numberText({cosine}) + (i + 1 < options.thresholds.size() ? "},\n" : "}\n");
        }
        text += "  ],\n";
    }
    text += std::string("  \"") + contract::manifestMatchThreshold + "\": " + numberText({options.matchThreshold}) +
            "\n}\n";
    return text;
}

std::string writeTinyBundle(const std::string& folder, const TinyOptions& options) {
    std::filesystem::create_directories(folder);
    const std::vector<unsigned char> encoder = tinyEncoder(options);
    const std::vector<unsigned char> decoder = tinyDecoder(options);
    writeFile(folder + "/" + contract::encoderFile, encoder);
    writeFile(folder + "/" + contract::decoderFile, decoder);
    const std::vector<unsigned char> aligner =
        options.withAligner ? tinyAligner(options) : std::vector<unsigned char>();
    if (options.withAligner) writeFile(folder + "/" + contract::alignerFile, aligner);
    const std::vector<unsigned char> detector =
        options.withDetector ? tinyDetector(options) : std::vector<unsigned char>();
    if (options.withDetector) writeFile(folder + "/" + contract::detectorFile, detector);
    writeFile(folder + "/" + contract::manifestFile,
              tinyManifest(options, encoder.size(), decoder.size(), aligner.size(), detector.size()));
    return folder;
}

void writeFile(const std::string& path, const std::vector<unsigned char>& bytes) {
    writeFile(path, std::string(bytes.begin(), bytes.end()));
}

void writeFile(const std::string& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    if (!file.flush()) throw std::runtime_error(path + ": cannot be written");
}

TempDir::TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "drgan-test-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error(pattern + ": cannot make a temporary folder");
    path_ = pattern;
}

TempDir::~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace drgan_test
