// SPDX-License-Identifier: Apache-2.0
#include "export/bundle.hpp"

#include <onnx/onnx_pb.h>
#include <openssl/evp.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "export/onnx_writer.hpp"
#include "nn/blend.hpp"
#include "nn/networks.hpp"
#include "nn/onnx_import.hpp"
#include "opencv2/drgan/model_contract.hpp"

namespace drgan::exporting {

namespace contract = cv::drgan::contract;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

std::string sha256(const std::string& bytes) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("SHA-256 is not available in this OpenSSL");
    }
    std::ostringstream hex;
    for (unsigned int i = 0; i < length; ++i) {
        hex << "0123456789abcdef"[digest[i] >> 4] << "0123456789abcdef"[digest[i] & 15];
    }
    return hex.str();
}

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

void writeFile(const fs::path& path, const std::string& bytes) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) {
        throw std::runtime_error(path.string() + ": cannot be written");
    }
}

const std::string& valueIn(const train::Checkpoint& checkpoint, const char* key) {
    const auto it = checkpoint.metadata.find(key);
    if (it == checkpoint.metadata.end()) {
        throw std::runtime_error(std::string("the checkpoint has no '") + key + "'");
    }
    return it->second;
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

std::string writeBundle(const train::Checkpoint& checkpoint, const BundleOptions& options, const Extras& extras) {
    const nn::Graph encoder = checkpoint.network("averaged_encoder");
    const nn::Graph decoder = nn::withOutputs(checkpoint.network("averaged_decoder"), {contract::decoderFace});
    const nn::Graph aligner = extras.aligner ? extras.aligner->network("averaged_aligner") : nn::Graph(nullptr);
    const nn::Graph detector = extras.detector ? extras.detector->network("averaged_detector") : nn::Graph(nullptr);
    const std::string id = sha256(weightsOf(encoder) + weightsOf(decoder) + (extras.aligner ? weightsOf(aligner) : "") +
                                  (extras.detector ? weightsOf(detector) : ""))
                               .substr(0, 16);
    auto value = [&](const char* key) { return valueIn(checkpoint, key); };

    auto encoderMetadata = metadata("encoder", id, nn::imageSize(encoder));
    encoderMetadata[contract::keyEmbeddingSize] = std::to_string(nn::embeddingSize(decoder));
    encoderMetadata[contract::keyAlignEyes] = value("align_eyes");
    encoderMetadata[contract::keyAlignEyeMouth] = value("align_eye_mouth");
    auto decoderMetadata = metadata("decoder", id, nn::imageSize(encoder));
    decoderMetadata[contract::keyEmbeddingSize] = std::to_string(nn::embeddingSize(decoder));
    decoderMetadata[contract::keyPoseYaws] = value("pose_yaws");
    decoderMetadata[contract::keyNoiseSize] = std::to_string(nn::noiseSize(decoder));

    std::vector<std::pair<std::string, std::string>> models{
        {contract::encoderFile, toOnnx(encoder, "encoder", encoderMetadata)},
        {contract::decoderFile, toOnnx(decoder, "decoder", decoderMetadata)}};
    if (extras.aligner) {
        auto alignerMetadata = metadata("aligner", id, aligner->inputs().at(contract::alignerCrop).at(1));
        alignerMetadata[contract::keyCropFactor] = valueIn(*extras.aligner, "crop_factor");
        models.emplace_back(contract::alignerFile, toOnnx(aligner, "aligner", alignerMetadata));
    }
    if (extras.detector) {
        const auto detectorMetadata =
            metadata("detector", id, std::stoll(valueIn(*extras.detector, "detector_image_size")));
        models.emplace_back(contract::detectorFile, toOnnx(detector, "detector", detectorMetadata));
    }
    json manifest;
    manifest[contract::manifestVersion] = contract::version;
    manifest[contract::manifestBundleId] = id;
    manifest[contract::manifestPoseYaws] = numbers(value("pose_yaws"));
    manifest[contract::manifestAlignment] = {{"eyes", numbers(value("align_eyes"))},
                                             {"eye_mouth", std::stod(value("align_eye_mouth"))}};
    manifest[contract::manifestMatchThreshold] = options.matchThreshold;
    manifest[contract::manifestFiles] = json::array();
    for (const auto& [name, bytes] : models) {
        manifest[contract::manifestFiles].push_back(
            {{"name", name}, {"bytes", bytes.size()}, {"sha256", sha256(bytes)}});
    }

    const fs::path folder(options.folder);
    fs::create_directories(folder);
    const std::string fresh = ".new";
    for (const auto& [name, bytes] : models) {
        writeFile(folder / (name + fresh), bytes);
    }
    writeFile(folder / (contract::manifestFile + fresh), manifest.dump(2) + "\n");
    for (const auto& [name, bytes] : models) {
        fs::rename(folder / (name + fresh), folder / name);
    }
    fs::rename(folder / (contract::manifestFile + fresh), folder / contract::manifestFile);
    if (!extras.aligner) {
        fs::remove(folder / contract::alignerFile);
    }
    if (!extras.detector) {
        fs::remove(folder / contract::detectorFile);
    }
    return id;
}

namespace {

using Metadata = std::map<std::string, std::string>;

/// @throws std::runtime_error naming the file, where it is no model of this role or lacks one of the keys
Metadata metadataOf(const fs::path& path, const char* role, const std::vector<const char*>& keys) {
    onnx::ModelProto model;
    std::ifstream file(path, std::ios::binary);
    if (!model.ParseFromIstream(&file)) {
        throw std::runtime_error(path.string() + ": cannot be read");
    }
    Metadata metadata;
    for (const auto& item : model.metadata_props()) {
        metadata[item.key()] = item.value();
    }
    if (metadata[contract::keyRole] != role) {
        throw std::runtime_error(path.string() + ": expected one of drgan-export's, the " + role);
    }
    for (const char* key : keys) {
        if (metadata.count(key) == 0) {
            throw std::runtime_error(path.string() + ": its metadata lacks " + key);
        }
    }
    return metadata;
}

/// Puts a model and its new line of the manifest in the place of what a bundle has.
void exchange(const fs::path& folder, const char* name, const std::string& bytes, const std::string& id) {
    const fs::path path = folder / name, manifestPath = folder / contract::manifestFile;
    std::ifstream manifestFile(manifestPath);
    json manifest;
    try {
        manifest = json::parse(manifestFile);
        bool listed = false;
        for (auto& item : manifest.at(contract::manifestFiles)) {
            if (item.at("name") == name) {
                item = {{"name", name}, {"bytes", bytes.size()}, {"sha256", sha256(bytes)}};
                listed = true;
            }
        }
        if (!listed || manifest.at(contract::manifestBundleId) != id) {
            throw std::runtime_error("it is not the manifest of the model beside it");
        }
    } catch (const std::exception& error) {
        throw std::runtime_error(manifestPath.string() + ": " + error.what());
    }
    writeFile(path.string() + ".new", bytes);
    writeFile(manifestPath.string() + ".new", manifest.dump(2) + "\n");
    fs::rename(path.string() + ".new", path);
    fs::rename(manifestPath.string() + ".new", manifestPath);
}

}  // namespace

void rewriteEncoder(const std::string& folder) {
    const fs::path path = fs::path(folder) / contract::encoderFile;
    const nn::Graph encoder = nn::importOnnxEncoder(path.string(), {});
    const Metadata metadata = metadataOf(path, "encoder", {contract::keyBundleId});
    if (encoder->outputs().size() != 2) {
        throw std::runtime_error(path.string() + ": expected an encoder of drgan-export");
    }
    exchange(folder, contract::encoderFile, toOnnx(encoder, "encoder", metadata), metadata.at(contract::keyBundleId));
}

void replaceDecoder(const std::string& folder, const train::Checkpoint& checkpoint) {
    const fs::path path = fs::path(folder) / contract::decoderFile;
    const nn::Graph decoder = nn::withOutputs(checkpoint.network("averaged_decoder"), {contract::decoderFace});
    const Metadata metadata = metadataOf(path, "decoder",
                                         {contract::keyBundleId, contract::keyImageSize, contract::keyEmbeddingSize,
                                          contract::keyNoiseSize, contract::keyPoseYaws});
    const Metadata found{
        {contract::keyImageSize, std::to_string(nn::imageSize(checkpoint.network("averaged_encoder")))},
        {contract::keyEmbeddingSize, std::to_string(nn::embeddingSize(decoder))},
        {contract::keyNoiseSize, std::to_string(nn::noiseSize(decoder))},
        {contract::keyPoseYaws, valueIn(checkpoint, "pose_yaws")}};
    for (const auto& [key, value] : found) {
        if (metadata.at(key) != value) {
            throw std::runtime_error("the checkpoint's decoder does not fit " + path.string() + ": " + key + " is " +
                                     value + ", expected " + metadata.at(key));
        }
    }
    exchange(folder, contract::decoderFile, toOnnx(decoder, "decoder", metadata), metadata.at(contract::keyBundleId));
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
    add(checkpoint, {"averaged_encoder", "averaged_decoder"});
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
