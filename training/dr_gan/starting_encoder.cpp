// SPDX-License-Identifier: Apache-2.0
#include "dr_gan/starting_encoder.hpp"

#include <stdexcept>

#include "nn/graph/blend.hpp"
#include "nn/graph/onnx_import.hpp"
#include "nn/models/networks.hpp"
#include "opencv2/drgan/model_contract.hpp"

namespace drgan::train {

namespace contract = cv::drgan::contract;

namespace {

std::array<double, 3> three(const std::vector<double>& values, const char* option) {
    if (values.size() == 1) {
        return {values[0], values[0], values[0]};
    }
    if (values.size() != 3) {
        throw std::invalid_argument(std::string(option) + ": expected one or three numbers, got " +
                                    std::to_string(values.size()));
    }
    return {values[0], values[1], values[2]};
}

}  // namespace

nn::Graph importEncoder(const std::string& file, const DrGanOptions& o) {
    return nn::importOnnxEncoder(file,
                                 {o.onnxOrder, three(o.onnxMean, "--onnx-mean"), three(o.onnxScale, "--onnx-scale")});
}

nn::Graph firstEncoder(const DrGanOptions& o, const Checkpoint& start, int64_t imageSize) {
    if (start.hasNetwork("averaged_encoder")) {
        return start.network("averaged_encoder");
    }
    if (o.encoder == "casia") {
        return nn::casiaEncoder({imageSize, o.embeddingSize, o.encoderWidth});
    }
    if (o.encoder.rfind("onnx:", 0) == 0) {
        return importEncoder(o.encoder.substr(5), o);
    }
    throw std::invalid_argument("--encoder " + o.encoder + ": expected casia or onnx:FILE");
}

void blendEncoder(nn::Graph& encoder, const DrGanOptions& o) {
    const bool onnx = o.blend.rfind("onnx:", 0) == 0;
    const nn::Graph other =
        onnx ? importEncoder(o.blend.substr(5), o) : Checkpoint::load(o.blend).network("averaged_encoder");
    if (other->toJson() != encoder->toJson()) {
        throw std::runtime_error("--blend " + o.blend + ": its encoder has other layers than that of " + o.start);
    }
    const std::vector<bool> ofEmbedding = encoder->needed({contract::encoderEmbedding});
    for (size_t i = 0; i < ofEmbedding.size(); ++i) {
        if (ofEmbedding[i] && encoder->nodes()[i].module) {
            nn::blend(*encoder->nodes()[i].module, *other->nodes()[i].module, o.blendShare);
        }
    }
}

}  // namespace drgan::train
