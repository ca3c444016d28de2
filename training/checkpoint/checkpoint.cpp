// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/checkpoint.hpp"

#include <cstring>
#include <stdexcept>

#include "io/safetensors.hpp"

namespace drgan::train {

namespace {

constexpr const char* format = "drgan-checkpoint-1";

struct Type {
    const char* name;
    torch::ScalarType type;
};
constexpr Type types[] = {
    {"F32", torch::kFloat32}, {"F16", torch::kFloat16}, {"F64", torch::kFloat64}, {"I64", torch::kInt64}};

}  // namespace

void Checkpoint::addNetwork(const std::string& name, const nn::Graph& network) {
    metadata["graph." + name] = network->toJson().dump();
    for (const auto& item : network->named_parameters()) {
        tensors[name + "." + item.key()] = item.value();
    }
    for (const auto& item : network->named_buffers()) {
        tensors[name + "." + item.key()] = item.value();
    }
}

bool Checkpoint::hasNetwork(const std::string& name) const { return metadata.count("graph." + name) != 0; }

nn::Graph Checkpoint::network(const std::string& name) const {
    if (!hasNetwork(name)) {
        throw std::runtime_error(path_ + ": no network '" + name + "' in this checkpoint");
    }
    nn::Graph result(nlohmann::json::parse(metadata.at("graph." + name)));
    torch::NoGradGuard noGrad;
    auto fill = [&](auto list) {
        for (auto& item : list) {
            const std::string key = name + "." + item.key();
            const auto it = tensors.find(key);
            if (it == tensors.end() || it->second.sizes() != item.value().sizes()) {
                throw std::runtime_error(path_ + ": tensor '" + key + "' is missing or of another shape");
            }
            item.value().copy_(it->second);
        }
    };
    fill(result->named_parameters());
    fill(result->named_buffers());
    return result;
}

const std::string& Checkpoint::value(const std::string& key) const {
    const auto it = metadata.find(key);
    if (it == metadata.end()) {
        throw std::runtime_error("the checkpoint has no '" + key + "'");
    }
    return it->second;
}

void Checkpoint::save(const std::string& path) const {
    std::vector<torch::Tensor> kept;  // keeps the contiguous copies alive until they are written
    std::vector<io::TensorSource> sources;
    for (const auto& [name, tensor] : tensors) {
        kept.push_back(tensor.detach().to(torch::kCPU).contiguous(torch::MemoryFormat::Contiguous));
        const torch::Tensor& t = kept.back();
        const Type* found = nullptr;
        for (const Type& type : types) {
            found = type.type == t.scalar_type() ? &type : found;
        }
        if (!found) {
            throw std::runtime_error("tensor '" + name + "' has a type that checkpoints do not hold");
        }
        sources.push_back({name, found->name, t.sizes().vec(), t.data_ptr(), t.nbytes()});
    }
    auto described = metadata;
    described["format"] = format;
    io::writeSafetensors(path, sources, described);
}

Checkpoint Checkpoint::load(const std::string& path) {
    const io::SafetensorsFile file(path);
    Checkpoint result;
    result.path_ = path;
    result.metadata = file.metadata();
    if (result.metadata["format"] != format) {
        throw std::runtime_error(path + ": format '" + result.metadata["format"] + "', expected '" + format + "'");
    }
    for (const auto& name : file.names()) {
        const io::TensorView& view = file.at(name);
        const Type* found = nullptr;
        for (const Type& type : types) {
            found = view.dtype == type.name ? &type : found;
        }
        if (!found) {
            throw std::runtime_error(path + ": tensor '" + name + "' has dtype " + view.dtype +
                                     ", expected F32, F16, F64 or I64");
        }
        torch::Tensor t = torch::empty(view.shape, found->type);
        if (view.bytes > 0) {
            std::memcpy(t.data_ptr(), view.data, view.bytes);
        }
        result.tensors[name] = t.scalar_type() == torch::kFloat16 ? t.to(torch::kFloat32) : t;
    }
    return result;
}

}  // namespace drgan::train
