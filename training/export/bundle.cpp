// SPDX-License-Identifier: Apache-2.0
#include "export/bundle.hpp"

#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "export/bundle_files.hpp"
#include "export/onnx_writer.hpp"
#include "nn/graph/blend.hpp"
#include "nn/models/networks.hpp"
#include "opencv2/drgan/model_contract.hpp"

namespace drgan::exporting {

namespace contract = cv::drgan::contract;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

std::string weightsOf(nn::Graph network) {
    std::string bytes;
    auto append = [&](const torch::Tensor& tensor) {
        const torch::Tensor t = tensor.detach().cpu().contiguous(torch::MemoryFormat::Contiguous);
        bytes.append(static_cast<const char*>(t.data_ptr()), t.nbytes());
    };
    for (const auto& p : network->parameters()) {
        append(p);
    }
    for (const auto& b : network->buffers()) {
        append(b);
    }
    return bytes;
}

std::vector<double> numbers(const std::string& list) {
    std::vector<double> result;
    std::istringstream in(list);
    for (std::string item; std::getline(in, item, ',');) {
        result.push_back(std::stod(item));
    }
    return result;
}

/// What every model of a bundle says.
std::map<std::string, std::string> metadata(const char* role, const std::string& id, int64_t imageSize) {
    return {{contract::keyVersion, std::to_string(contract::version)},
            {contract::keyRole, role},
            {contract::keyBundleId, id},
            {contract::keyImageSize, std::to_string(imageSize)},
            {contract::keyColorOrder, "RGB"},
            {contract::keyPixelRange, "-1,1"}};
}

}  // namespace

Files extraFiles(const Extras& extras, const std::map<std::string, std::string>& common) {
    const auto says = [&](const char* role, const std::string& imageSize) {
        std::map<std::string, std::string> result;
        for (const char* key :
             {contract::keyVersion, contract::keyBundleId, contract::keyColorOrder, contract::keyPixelRange}) {
            result[key] = common.at(key);
        }
        result[contract::keyRole] = role;
        result[contract::keyImageSize] = imageSize;
        return result;
    };
    Files files;
    if (extras.aligner) {
        const nn::Graph aligner = extras.aligner->network("averaged_aligner");
        auto metadata = says("aligner", std::to_string(aligner->inputs().at(contract::alignerCrop).at(1)));
        metadata[contract::keyCropFactor] = extras.aligner->value("crop_factor");
        files.emplace_back(contract::alignerFile, toOnnx(aligner, "aligner", metadata));
    }
    if (extras.detector) {
        files.emplace_back(contract::detectorFile,
                           toOnnx(extras.detector->network("averaged_detector"), "detector",
                                  says("detector", extras.detector->value("detector_image_size"))));
    }
    return files;
}

nn::Graph withAppearance(const nn::Graph& encoder, const train::Checkpoint& checkpoint,
                         std::map<std::string, std::string>& metadata) {
    if (!checkpoint.hasNetwork("averaged_appearance")) {
        return encoder;
    }
    metadata[contract::keyAppearanceSize] = std::to_string(nn::noiseSize(checkpoint.network("averaged_decoder")));
    return nn::joined(encoder, checkpoint.network("averaged_appearance"));
}

std::string writeBundle(const train::Checkpoint& checkpoint, const BundleOptions& options, const Extras& extras) {
    const nn::Graph encoder = checkpoint.network("averaged_encoder");
    const nn::Graph decoder = nn::withOutputs(checkpoint.network("averaged_decoder"), {contract::decoderFace});
    const std::string id = sha256(weightsOf(encoder)).substr(0, 16);
    auto value = [&](const char* key) { return checkpoint.value(key); };

    auto encoderMetadata = metadata("encoder", id, nn::imageSize(encoder));
    encoderMetadata[contract::keyEmbeddingSize] = std::to_string(nn::embeddingSize(decoder));
    encoderMetadata[contract::keyAlignEyes] = value("align_eyes");
    encoderMetadata[contract::keyAlignEyeMouth] = value("align_eye_mouth");
    auto decoderMetadata = metadata("decoder", id, nn::imageSize(encoder));
    decoderMetadata[contract::keyEmbeddingSize] = std::to_string(nn::embeddingSize(decoder));
    decoderMetadata[contract::keyPoseYaws] = value("pose_yaws");
    decoderMetadata[contract::keyNoiseSize] = std::to_string(nn::noiseSize(decoder));

    const nn::Graph whole = withAppearance(encoder, checkpoint, encoderMetadata);
    Files files{{contract::encoderFile, toOnnx(whole, "encoder", encoderMetadata)},
                {contract::decoderFile, toOnnx(decoder, "decoder", decoderMetadata)}};
    for (auto& file : extraFiles(extras, encoderMetadata)) {
        files.push_back(std::move(file));
    }
    json manifest;
    manifest[contract::manifestVersion] = contract::version;
    manifest[contract::manifestBundleId] = id;
    manifest[contract::manifestPoseYaws] = numbers(value("pose_yaws"));
    manifest[contract::manifestAlignment] = {{"eyes", numbers(value("align_eyes"))},
                                             {"eye_mouth", std::stod(value("align_eye_mouth"))}};
    manifest[contract::manifestMatchThreshold] = options.matchThreshold;
    manifest[contract::manifestFiles] = json::array();
    for (const auto& [name, bytes] : files) {
        manifest[contract::manifestFiles].push_back(manifestLine(name, bytes));
    }
    files.emplace_back(contract::manifestFile, manifestText(manifest));
    const fs::path folder(options.folder);
    writeFiles(folder, files);
    if (!extras.aligner) {
        fs::remove(folder / contract::alignerFile);
    }
    if (!extras.detector) {
        fs::remove(folder / contract::detectorFile);
    }
    return id;
}

void blendDecoder(train::Checkpoint& checkpoint, const train::Checkpoint& with, double share) {
    nn::Graph decoder = checkpoint.network("averaged_decoder");
    const nn::Graph other = with.network("averaged_decoder");
    if (decoder->toJson() != other->toJson()) {
        throw std::runtime_error("the decoder to be blended with has other layers");
    }
    nn::blend(*decoder, *other, share);
    checkpoint.addNetwork("averaged_decoder", decoder);
}

void writeStart(const train::Checkpoint& checkpoint, const std::string& path, const Extras& extras) {
    train::Checkpoint small;
    const auto add = [&](const train::Checkpoint& from, const std::vector<std::string>& networks) {
        for (const auto& [key, text] : from.metadata) {
            if (key.rfind("graph.", 0) != 0) {
                small.metadata.insert({key, text});
            }
        }
        for (const std::string& name : networks) {
            small.addNetwork(name, from.network(name));
        }
    };
    std::vector<std::string> own;
    for (const char* name :
         {"averaged_encoder", "averaged_decoder", "averaged_appearance"}) {  // an encoder's run has no decoder yet
        if (checkpoint.hasNetwork(name)) {
            own.emplace_back(name);
        }
    }
    if (own.empty()) {
        throw std::runtime_error(path + ": the checkpoint has neither an encoder nor a decoder to start from");
    }
    add(checkpoint, own);
    if (extras.aligner) {
        add(*extras.aligner, {"averaged_aligner"});
    }
    if (extras.detector) {
        add(*extras.detector, {"averaged_detector"});
    }
    for (auto& item : small.tensors) {
        if (item.second.dim() > 1) {  // nearly all of the bytes; statistics and biases stay exact
            item.second = item.second.to(torch::kFloat16);
        }
    }
    small.save(path);
}

}  // namespace drgan::exporting
