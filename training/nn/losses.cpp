// SPDX-License-Identifier: Apache-2.0
#include "nn/losses.hpp"

#include <algorithm>

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

torch::Tensor reconstructionLoss(const torch::Tensor& face, const torch::Tensor& target, const torch::Tensor& weight,
                                 const torch::Tensor& focus) {
    torch::Tensor error = (face - target).abs();
    if (focus.defined()) {
        error = error * (focus / focus.mean());
    }
    return (error.mean({1, 2, 3}) * weight).sum() / weight.sum().clamp_min(smallest);
}

torch::Tensor faceFocus(int64_t side) {
    // An ellipse around the face of the default alignment, whatever its yaw; it fades out over a fifth of the side.
    const torch::Tensor at = (torch::arange(side).to(torch::kFloat32) + 0.5) / static_cast<double>(side);
    const torch::Tensor x = ((at - 0.5) / 0.36).view({1, -1}), y = ((at - 0.55) / 0.46).view({-1, 1});
    const torch::Tensor outside = ((x * x + y * y).sqrt() - 1).clamp(0, 0.5) / 0.5;
    return 1 - 0.8 * outside;
}

torch::Tensor unsettled(const torch::Tensor& pictures, const torch::Tensor& draw) {
    constexpr double gain = 0.2, offset = 0.15;  // at most
    constexpr int64_t shift = 3;                 // pixels, at most
    const int64_t count = pictures.size(0), side = pictures.size(2);
    const torch::Tensor change = (draw.slice(0, 0, count) * 2 - 1).view({count, 6, 1, 1});
    const torch::Tensor coloured = pictures * (1 + gain * change.slice(1, 0, 3)) + offset * change.slice(1, 3, 6);
    const torch::Tensor moved =
        F::pad(coloured, F::PadFuncOptions({shift, shift, shift, shift}).mode(torch::kReplicate));
    auto first = [&](int64_t axis) {
        return std::min(2 * shift, static_cast<int64_t>(draw[count][axis].item<double>() * (2 * shift + 1)));
    };
    const int64_t x = first(0), y = first(1);
    return moved.slice(2, y, y + side).slice(3, x, x + side).contiguous(torch::MemoryFormat::ChannelsLast);
}

torch::Tensor perceptualLoss(const Edges& generated, const Edges& real, const torch::Tensor& weight) {
    torch::Tensor sum = torch::zeros({}, weight.options());
    int64_t count = 0;
    for (const auto& [name, map] : generated) {
        if (name.rfind("feature_", 0) == 0) {
            const torch::Tensor& truth = real.at(name);
            const torch::Tensor error = (map - truth).abs().flatten(1).mean(1) / truth.abs().mean();
            sum = sum + (error * weight).sum() / weight.sum().clamp_min(smallest);
            ++count;
        }
    }
    return count > 0 ? sum / static_cast<double>(count) : sum;
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
