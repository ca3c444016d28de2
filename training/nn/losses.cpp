// SPDX-License-Identifier: Apache-2.0
#include "nn/losses.hpp"

namespace drgan::nn {

namespace F = torch::nn::functional;

namespace {

/// Keeps the quotient finite where every confidence is nearly zero.
constexpr double smallest = 1e-8;

torch::Tensor unit(const torch::Tensor& x) { return F::normalize(x, F::NormalizeFuncOptions().dim(1)); }

torch::Tensor isReal(const torch::Tensor& logit, double label) {
    return F::binary_cross_entropy_with_logits(logit, torch::full_like(logit, label));
}

}  // namespace

torch::Tensor fuse(const torch::Tensor& embedding, const torch::Tensor& confidence, int64_t n) {
    const torch::Tensor f = embedding.view({-1, n, embedding.size(1)});
    const torch::Tensor w = confidence.view({-1, n, 1}) + smallest;
    return (f * w).sum(1) / w.sum(1);
}

torch::Tensor cosineLoss(const torch::Tensor& embedding, const torch::Tensor& target) {
    return (1 - (unit(embedding) * unit(target)).sum(1)).mean();
}

torch::Tensor marginSoftmax(const torch::Tensor& embedding, const torch::Tensor& templates, const torch::Tensor& person,
                            double scale, double margin) {
    const torch::Tensor cosine = torch::mm(unit(embedding), unit(templates).t());
    const torch::Tensor lowered = torch::one_hot(person, templates.size(0)).to(cosine.dtype()) * margin;
    return F::cross_entropy((cosine - lowered) * scale, person);
}

torch::Tensor reconstructionLoss(const torch::Tensor& face, const torch::Tensor& target, const torch::Tensor& weight) {
    return ((face - target).abs().mean({1, 2, 3}) * weight).sum() / weight.sum().clamp_min(smallest);
}

torch::Tensor discriminatorLoss(DiscriminatorForm form, const Edges& real, const Edges& generated,
                                const torch::Tensor& person, const torch::Tensor& pose) {
    torch::Tensor loss = F::cross_entropy(real.at("identity"), person) + F::cross_entropy(real.at("pose"), pose);
    if (form == DiscriminatorForm::Tpami) {
        return loss + isReal(real.at("real"), 1) + isReal(generated.at("real"), 0);
    }
    const torch::Tensor& logits = generated.at("identity");
    const torch::Tensor fake =
        torch::full({logits.size(0)}, logits.size(1) - 1, torch::TensorOptions(torch::kInt64).device(logits.device()));
    return loss + F::cross_entropy(logits, fake);
}

torch::Tensor generatorLoss(DiscriminatorForm form, const Edges& generated, const torch::Tensor& person,
                            const torch::Tensor& pose) {
    torch::Tensor loss =
        F::cross_entropy(generated.at("identity"), person) + F::cross_entropy(generated.at("pose"), pose);
    return form == DiscriminatorForm::Tpami ? loss + isReal(generated.at("real"), 1) : loss;
}

}  // namespace drgan::nn
