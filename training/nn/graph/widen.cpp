// SPDX-License-Identifier: Apache-2.0
#include "nn/graph/widen.hpp"

#include <stdexcept>

namespace drgan::nn {

namespace {

/// @param to, from of the same layer: [out], [out,in], [out,in,h,w] or a scalar
void widen(torch::Tensor to, const torch::Tensor& from, const std::string& layer) {
    bool fits = to.dim() == from.dim();
    for (int64_t i = 0; fits && i < to.dim(); ++i) {
        fits = to.size(i) >= from.size(i);
    }
    if (!fits) {
        throw std::runtime_error("layer " + layer + ": its weights are narrower than those to start from");
    }
    if (to.dim() > 1) {
        to.slice(0, 0, from.size(0)).zero_();
    }
    torch::Tensor first = to;
    for (int64_t i = 0; i < to.dim(); ++i) {
        first = first.slice(i, 0, from.size(i));
    }
    first.copy_(from);
}

}  // namespace

void widen(Graph& wide, const Graph& narrow) {
    torch::NoGradGuard noGrad;
    const auto &to = wide->nodes(), &from = narrow->nodes();
    bool same = to.size() == from.size();
    for (size_t i = 0; same && i < to.size(); ++i) {
        same = to[i].op == from[i].op && to[i].inputs == from[i].inputs;
    }
    if (!same) {
        throw std::runtime_error("a network can only be widened from one of the same layers");
    }
    for (size_t i = 0; i < to.size(); ++i) {
        if (!to[i].module) {
            continue;
        }
        const auto parameters = from[i].module->named_parameters(), buffers = from[i].module->named_buffers();
        for (const auto& item : to[i].module->named_parameters()) {
            widen(item.value(), parameters[item.key()], to[i].output);
        }
        for (const auto& item : to[i].module->named_buffers()) {
            widen(item.value(), buffers[item.key()], to[i].output);
        }
    }
}

}  // namespace drgan::nn
