// SPDX-License-Identifier: Apache-2.0
#include "dr_gan/stored_embeddings.hpp"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <stdexcept>

#include "checkpoint/checkpoint.hpp"
#include "nn/models/networks.hpp"
#include "nn/process_group.hpp"

namespace drgan::train {

namespace {

constexpr int64_t logEvery = 5000;  // pictures

/// Tells encoders apart: a sum over every weight, each times another factor.
double fingerprint(const nn::Graph& encoder) {
    double sum = 0;
    for (const auto& p : encoder->parameters()) {
        const torch::Tensor flat = p.detach().cpu().to(torch::kFloat64).flatten();
        sum = 0.7 * sum + (flat * torch::cos(torch::arange(flat.numel(), torch::kFloat64))).sum().item<double>();
    }
    return sum;
}

StoredEmbeddings readOrMakeOwn(const std::string& path, nn::Graph& encoder, const Sampler& sampler,
                               const torch::Device& device, const std::atomic<bool>& stop) {
    const auto persons = static_cast<int64_t>(sampler.persons());
    const int64_t perPerson = sampler.options().storedPerPerson;
    const std::string made = fmt::format("encoder {:.9g}, seed {}, {} persons, {} embeddings each",
                                         fingerprint(encoder), sampler.options().seed, persons, perPerson);
    if (std::filesystem::exists(path)) {
        const Checkpoint file = Checkpoint::load(path);
        const auto it = file.metadata.find("stored_embeddings");
        if (it == file.metadata.end() || it->second != made) {
            throw std::runtime_error(path + ": holds embeddings of another run (" +
                                     (it == file.metadata.end() ? "no embeddings" : it->second) + "), this run wants " +
                                     made + ": delete it or name another file");
        }
        return {file.tensors.at("embedding").to(device), file.tensors.at("confidence").to(device)};
    }
    torch::NoGradGuard noGrad;
    encoder->eval();
    const int64_t side = nn::imageSize(encoder);
    const int64_t atOnce = std::max<int64_t>(1, 32 / perPerson);  // persons
    std::vector<torch::Tensor> embeddings, confidences;
    for (int64_t first = 0; first < persons; first += atOnce) {
        if (stop) {
            throw std::runtime_error("stopped before the embeddings were made");
        }
        std::vector<float> planes;
        for (int64_t number = first; number < std::min(persons, first + atOnce); ++number) {
            sampler.appendStoredPictures(static_cast<size_t>(number), planes);
        }
        const auto [embedding, confidence] = nn::encode(encoder, nn::fromPlanes(planes, side, device));
        embeddings.push_back(embedding);
        confidences.push_back(confidence);
        if (first * perPerson / logEvery != (first + atOnce) * perPerson / logEvery) {
            spdlog::info("embeddings: {} of {} pictures embedded", first * perPerson, persons * perPerson);
        }
    }
    StoredEmbeddings stored{torch::cat(embeddings), torch::cat(confidences)};
    Checkpoint file;
    file.tensors = {{"embedding", stored.embedding}, {"confidence", stored.confidence}};
    file.metadata["stored_embeddings"] = made;
    file.save(path);
    spdlog::info("{}: {} embeddings", path, persons * perPerson);
    return stored;
}

}  // namespace

StoredEmbeddings readOrMakeEmbeddings(const std::string& path, nn::Graph& encoder, const Sampler& sampler,
                                      const torch::Device& device, const std::atomic<bool>& stop) {
    StoredEmbeddings stored;
    if (nn::group().rank() == 0) {
        stored = readOrMakeOwn(path, encoder, sampler, device, stop);
    } else {
        torch::NoGradGuard noGrad;
        encoder->eval();
        const int64_t side = nn::imageSize(encoder), rows = sampler.persons() * sampler.options().storedPerPerson;
        const auto [embedding, confidence] = nn::encode(encoder, torch::zeros({1, 3, side, side}, device));
        stored = {embedding.new_zeros({rows, embedding.size(1)}), confidence.new_zeros({rows, 1})};
    }
    nn::group().broadcast(stored.embedding);
    nn::group().broadcast(stored.confidence);
    return stored;
}

}  // namespace drgan::train
