// SPDX-License-Identifier: Apache-2.0
#include "run/optimisation.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "nn/models/networks.hpp"
#include "nn/process_group.hpp"

namespace drgan::train {

namespace {

constexpr double largestGradient = 5;  // norm; longer gradients are cut to it

/// The mean over all processes in place of this one's gradients, in one go.
void averageGradients(const std::vector<torch::Tensor>& parameters) {
    std::vector<torch::Tensor> gradients, flat;
    for (const auto& p : parameters) {
        if (p.grad().defined()) {
            gradients.push_back(p.grad());
            flat.push_back(p.grad().flatten());
        }
    }
    torch::Tensor all = torch::cat(flat);
    nn::group().sum(all);
    all.div_(nn::group().size());
    int64_t from = 0;
    for (auto& g : gradients) {
        g.copy_(all.slice(0, from, from + g.numel()).view(g.sizes()));
        from += g.numel();
    }
}

}  // namespace

nn::Graph frozenCopy(const nn::Graph& network) {
    nn::Graph result(network->toJson());
    nn::copyWeights(*result, *network);
    for (auto& p : result->parameters()) {
        p.set_requires_grad(false);
    }
    result->eval();
    return result;
}

void toMemoryFormat(nn::Graph& network) {
    for (auto& p : network->parameters()) {
        if (p.dim() == 4) {
            p.set_data(p.contiguous(nn::memoryFormat()));
        }
    }
}

void moveAverage(nn::Graph& average, const nn::Graph& network, double decay) {
    torch::NoGradGuard noGrad;
    auto to = average->parameters();
    const auto from = network->parameters();
    for (size_t i = 0; i < to.size(); ++i) {
        to[i].lerp_(from[i], 1 - decay);
    }
    auto toBuffers = average->buffers();
    const auto fromBuffers = network->buffers();
    for (size_t i = 0; i < toBuffers.size(); ++i) {
        toBuffers[i].copy_(fromBuffers[i]);
    }
}

double decayAt(double highest, int64_t steps) {
    return std::min(highest, (1.0 + static_cast<double>(steps)) / (10.0 + static_cast<double>(steps)));
}

double rateAt(double highest, int64_t step, int64_t warmup, int64_t steps) {
    if (step < warmup) {
        return highest * static_cast<double>(step + 1) / static_cast<double>(warmup);
    }
    const double done = static_cast<double>(step - warmup) / static_cast<double>(std::max<int64_t>(1, steps - warmup));
    return highest * 0.5 * (1 + std::cos(M_PI * std::min(1.0, done)));
}

void update(AdamW& optimiser, const torch::Tensor& loss, double rate) {
    optimiser.zeroGrad();
    loss.backward();
    if (nn::group().size() > 1) {
        averageGradients(optimiser.parameters());
    }
    torch::nn::utils::clip_grad_norm_(optimiser.parameters(), largestGradient);
    optimiser.step(rate);
}

void restoreInto(nn::Graph& network, const Checkpoint& checkpoint, const std::string& name) {
    nn::copyWeights(*network, *checkpoint.network(name));
}

void saveMoments(Checkpoint& checkpoint, const std::string& name, const AdamW& optimiser) {
    for (size_t i = 0; i < optimiser.first.size(); ++i) {
        checkpoint.tensors[name + ".first." + std::to_string(i)] = optimiser.first[i];
        checkpoint.tensors[name + ".second." + std::to_string(i)] = optimiser.second[i];
    }
    checkpoint.metadata[name + ".steps"] = std::to_string(optimiser.steps);
}

void restoreMoments(const Checkpoint& checkpoint, const std::string& name, AdamW& optimiser) {
    torch::NoGradGuard noGrad;
    for (size_t i = 0; i < optimiser.first.size(); ++i) {
        optimiser.first[i].copy_(tensorIn(checkpoint, name + ".first." + std::to_string(i)));
        optimiser.second[i].copy_(tensorIn(checkpoint, name + ".second." + std::to_string(i)));
    }
    optimiser.steps = std::stoll(checkpoint.metadata.at(name + ".steps"));
}

torch::Tensor tensorIn(const Checkpoint& checkpoint, const std::string& name) {
    const auto it = checkpoint.tensors.find(name);
    if (it == checkpoint.tensors.end()) {
        throw std::runtime_error("the checkpoint has no tensor '" + name + "': it is of another kind of run");
    }
    return it->second;
}

double numberIn(const std::map<std::string, std::string>& metadata, const char* key, double otherwise) {
    const auto it = metadata.find(key);
    return it == metadata.end() ? otherwise : std::stod(it->second);
}

}  // namespace drgan::train
