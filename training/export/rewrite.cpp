// SPDX-License-Identifier: Apache-2.0
#include "export/rewrite.hpp"

#include <onnx/onnx_pb.h>

#include <fstream>
#include <map>
#include <set>
#include <stdexcept>

#include "export/bundle_files.hpp"
#include "export/onnx_writer.hpp"
#include "nn/graph/onnx_reader.hpp"
#include "nn/models/networks.hpp"
#include "opencv2/drgan/model_contract.hpp"

namespace drgan::exporting {

namespace contract = cv::drgan::contract;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

using Metadata = std::map<std::string, std::string>;

/// @throws std::runtime_error naming the file, where it cannot be read
Metadata metadataOf(const fs::path& path) {
    onnx::ModelProto model;
    std::ifstream file(path, std::ios::binary);
    if (!file || !model.ParseFromIstream(&file)) {
        throw std::runtime_error(path.string() + ": not an ONNX file, or cut short");
    }
    Metadata metadata;
    for (const auto& item : model.metadata_props()) {
        metadata[item.key()] = item.value();
    }
    return metadata;
}

/// A bundle's manifest, in which each model's line can be exchanged.
class Manifest {
public:
    /// @throws std::runtime_error naming the file and what is wrong with it
    explicit Manifest(const fs::path& folder) : path_(folder / contract::manifestFile) {
        std::ifstream file(path_);
        try {
            json_ = json::parse(file);
            for (const auto& item : json_.at(contract::manifestFiles)) {
                names_.insert(item.at("name").get<std::string>());
            }
            id_ = json_.at(contract::manifestBundleId).get<std::string>();
        } catch (const std::exception& error) {
            throw std::runtime_error(path_.string() + ": " + error.what());
        }
    }

    const std::set<std::string>& names() const { return names_; }

    /// Adds the model where it is not listed. @throws std::runtime_error where the model has another bundle's id
    void put(const std::string& name, const Metadata& metadata, const std::string& bytes) {
        const auto id = metadata.find(contract::keyBundleId);
        if (id == metadata.end() || id->second != id_) {
            throw std::runtime_error(path_.string() + ": it is not the manifest of the " + name + " beside it");
        }
        if (names_.insert(name).second) {
            json_.at(contract::manifestFiles).push_back(manifestLine(name, bytes));
        }
        for (auto& item : json_.at(contract::manifestFiles)) {
            if (item.at("name") == name) {
                item = manifestLine(name, bytes);
            }
        }
    }

    std::string text() const { return manifestText(json_); }

private:
    fs::path path_;
    json json_;
    std::set<std::string> names_;
    std::string id_;
};

}  // namespace

void rewriteBundle(const std::string& folder, const std::string& output) {
    Manifest manifest(folder);
    Files files;
    for (const std::string& name : manifest.names()) {
        const fs::path path = fs::path(folder) / name;
        const Metadata metadata = metadataOf(path);
        const auto role = metadata.find(contract::keyRole);
        if (role == metadata.end() || role->second + ".onnx" != name) {
            throw std::runtime_error(path.string() + ": expected a model that drgan-export wrote under this name");
        }
        const std::string bytes = toOnnx(nn::readOnnx(path.string()), role->second, metadata);
        manifest.put(name, metadata, bytes);
        files.emplace_back(name, bytes);
    }
    files.emplace_back(contract::manifestFile, manifest.text());
    writeFiles(output, files);
    if (fs::equivalent(folder, output)) {
        return;
    }
    for (const auto& entry : fs::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        if (entry.is_regular_file() && name != contract::manifestFile && manifest.names().count(name) == 0) {
            fs::copy_file(entry.path(), fs::path(output) / name, fs::copy_options::overwrite_existing);
        }
    }
}

void replaceDecoder(const std::string& folder, const train::Checkpoint& checkpoint) {
    const fs::path path = fs::path(folder) / contract::decoderFile;
    const nn::Graph decoder = nn::withOutputs(checkpoint.network("averaged_decoder"), {contract::decoderFace});
    const Metadata metadata = metadataOf(path);
    const Metadata found{
        {contract::keyRole, "decoder"},
        {contract::keyImageSize, std::to_string(nn::imageSize(checkpoint.network("averaged_encoder")))},
        {contract::keyEmbeddingSize, std::to_string(nn::embeddingSize(decoder))},
        {contract::keyNoiseSize, std::to_string(nn::noiseSize(decoder))},
        {contract::keyPoseYaws, checkpoint.value("pose_yaws")}};
    for (const auto& [key, value] : found) {
        const auto expected = metadata.find(key);
        if (expected == metadata.end() || expected->second != value) {
            throw std::runtime_error("the checkpoint's decoder does not fit " + path.string() + ": " + key + " is " +
                                     value + ", expected " +
                                     (expected == metadata.end() ? "what its metadata lacks" : expected->second));
        }
    }
    Manifest manifest(folder);
    Files files{{contract::decoderFile, toOnnx(decoder, "decoder", metadata)}};
    manifest.put(contract::decoderFile, metadata, files.back().second);
    // The appearance belongs to the decoder, although the encoder's file has its network.
    const fs::path encoderPath = fs::path(folder) / contract::encoderFile;
    Metadata ofEncoder = metadataOf(encoderPath);
    if (ofEncoder.erase(contract::keyAppearanceSize) > 0 || checkpoint.hasNetwork("averaged_appearance")) {
        const nn::Graph plain = nn::withOutputs(nn::readOnnx(encoderPath.string()),
                                                {contract::encoderEmbedding, contract::encoderConfidence});
        const nn::Graph encoder = withAppearance(plain, checkpoint, ofEncoder);
        files.emplace_back(contract::encoderFile, toOnnx(encoder, "encoder", ofEncoder));
        manifest.put(contract::encoderFile, ofEncoder, files.back().second);
    }
    files.emplace_back(contract::manifestFile, manifest.text());
    writeFiles(folder, files);
}

void replaceExtras(const std::string& folder, const Extras& extras) {
    const Metadata common = metadataOf(fs::path(folder) / contract::encoderFile);
    Manifest manifest(folder);
    Files files = extraFiles(extras, common);
    for (const auto& [name, bytes] : files) {
        manifest.put(name, common, bytes);
    }
    files.emplace_back(contract::manifestFile, manifest.text());
    writeFiles(folder, files);
}

}  // namespace drgan::exporting
