// SPDX-License-Identifier: Apache-2.0
#include "nn/models/losses.hpp"

#include <algorithm>

#include "nn/process_group.hpp"

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

torch::Tensor cosineDistance(const torch::Tensor& embedding, const torch::Tensor& target) {
    return 1 - (unit(embedding) * unit(target)).sum(1);
}

torch::Tensor cosineLoss(const torch::Tensor& embedding, const torch::Tensor& target) {
    return cosineDistance(embedding, target).mean();
}

torch::Tensor marginSoftmax(const torch::Tensor& embedding, const torch::Tensor& templates, const torch::Tensor& person,
                            double scale, double margin) {
    const torch::Tensor cosine = torch::mm(unit(embedding), unit(templates).t());
    const torch::Tensor lowered = torch::one_hot(person, templates.size(0)).to(cosine.dtype()) * margin;
    return F::cross_entropy((cosine - lowered) * scale, person);
}

torch::Tensor templatePairLoss(const torch::Tensor& embedding, const torch::Tensor& confidence,
                               const torch::Tensor& person, int64_t n, double scale, double margin) {
    const torch::Tensor f = embedding.view({-1, n, embedding.size(1)});
    const torch::Tensor w = confidence.view({-1, n, 1}) + smallest;
    auto half = [&](int64_t first) {
        const torch::Tensor ofF = f.slice(1, first, n, 2), ofW = w.slice(1, first, n, 2);
        return unit((ofF * ofW).sum(1) / ofW.sum(1));
    };
    const int64_t people = f.size(0), before = people * group().rank();
    // Those of the other processes are people to be told apart from, too.
    auto gather = [&](const torch::Tensor& own) {
        const std::vector<int64_t> rows{before, people * (group().size() - 1) - before};
        std::vector<int64_t> shape = own.sizes().vec();
        auto zeros = [&](int64_t count) {
            shape[0] = count;
            return torch::zeros(shape, own.options());
        };
        return sumAcross(torch::cat({zeros(rows[0]), own, zeros(rows[1])}));
    };
    const torch::Tensor mine = half(0), theirs = gather(half(1)), all = gather(person);
    const torch::Tensor truth = torch::arange(people, person.options()) + before;
    const torch::Tensor own = torch::one_hot(truth, theirs.size(0)).to(mine.dtype());
    const torch::Tensor again = (person.unsqueeze(1) == all.unsqueeze(0)).to(mine.dtype()) - own;
    return F::cross_entropy((torch::mm(mine, theirs.t()) - own * margin - again * 2) * scale, truth);
}

torch::Tensor reconstructionLoss(const torch::Tensor& face, const torch::Tensor& target, const torch::Tensor& weight,
                                 const torch::Tensor& focus) {
    torch::Tensor error = (face - target).abs();
    if (focus.defined()) {
        error = error * (focus / focus.mean());
    }
    return meanAcross((error.mean({1, 2, 3}) * weight).sum(), weight.sum());
}

constexpr double backgroundLoss = 0.8;  // of a pixel's weight, far from the face

torch::Tensor faceFocus(int64_t side) {
    // An ellipse around the face of the default alignment, whatever its yaw; it fades out over a fifth of the side.
    const torch::Tensor at = (torch::arange(side).to(torch::kFloat32) + 0.5) / static_cast<double>(side);
    const torch::Tensor x = ((at - 0.5) / 0.36).view({1, -1}), y = ((at - 0.55) / 0.46).view({-1, 1});
    const torch::Tensor outside = ((x * x + y * y).sqrt() - 1).clamp(0, 0.5) / 0.5;
    return 1 - backgroundLoss * outside;
}

torch::Tensor faceAlone(const torch::Tensor& pictures) {
    const torch::Tensor share = 1 - (1 - faceFocus(pictures.size(2))) / backgroundLoss;
    return pictures * share.to(pictures.device());
}

torch::Tensor inGrey(const torch::Tensor& pictures) {
    return pictures.mean(1, true).expand_as(pictures).contiguous(memoryFormat());
}

torch::Tensor unsettled(const torch::Tensor& pictures, const torch::Tensor& draw) {
    constexpr double gain = 0.2, offset = 0.15;  // at most
    constexpr int64_t shift = 3;                 // pixels, at most
    const int64_t count = pictures.size(0), side = pictures.size(2);
    const torch::Tensor change = (draw.slice(0, 0, count) * 2 - 1).view({count, 6, 1, 1}).to(pictures.device());
    const torch::Tensor coloured = pictures * (1 + gain * change.slice(1, 0, 3)) + offset * change.slice(1, 3, 6);
    const torch::Tensor moved =
        F::pad(coloured, F::PadFuncOptions({shift, shift, shift, shift}).mode(torch::kReplicate));
    auto first = [&](int64_t axis) {
        return std::min(2 * shift, static_cast<int64_t>(draw[count][axis].item<double>() * (2 * shift + 1)));
    };
    const int64_t x = first(0), y = first(1);
    return moved.slice(2, y, y + side).slice(3, x, x + side).contiguous(memoryFormat());
}

torch::Tensor perceptualLoss(const Edges& generated, const Edges& real, const torch::Tensor& weight) {
    torch::Tensor sum = torch::zeros({}, weight.options());
    int64_t count = 0;
    for (const auto& [name, map] : generated) {
        if (name.rfind("feature_", 0) == 0) {
            const torch::Tensor& truth = real.at(name);
            const torch::Tensor error = (map - truth).abs().flatten(1).mean(1) / averageAcross(truth.abs().mean());
            sum = sum + meanAcross((error * weight).sum(), weight.sum());
            ++count;
        }
    }
    return count > 0 ? sum / static_cast<double>(count) : sum;
}

torch::Tensor discriminatorLoss(DiscriminatorForm form, const Edges& real, const Edges& generated,
                                const torch::Tensor& person, const torch::Tensor& pose) {
    if (form == DiscriminatorForm::Patch) {
        return isReal(real.at("real"), 1) + isReal(generated.at("real"), 0);
    }
    const torch::Tensor loss = F::cross_entropy(real.at("identity"), person) + F::cross_entropy(real.at("pose"), pose);
    if (form == DiscriminatorForm::Tpami) {
        return loss + isReal(real.at("real"), 1) + isReal(generated.at("real"), 0);
    }
    const torch::Tensor& logits = generated.at("identity");
    const torch::Tensor fake =
        torch::full({logits.size(0)}, logits.size(1) - 1, torch::TensorOptions(torch::kInt64).device(logits.device()));
    return loss + F::cross_entropy(logits, fake);
}

torch::Tensor toldApart(DiscriminatorForm form, const Edges& generated) {
    torch::NoGradGuard noGrad;
    const bool cvpr = form == DiscriminatorForm::Cvpr;
    const torch::Tensor& logits = generated.at(cvpr ? "identity" : "real");
    const torch::Tensor seen = cvpr ? logits.argmax(1) == logits.size(1) - 1 : logits.flatten() < 0;
    return seen.to(torch::kFloat32).mean();
}

torch::Tensor generatorLoss(DiscriminatorForm form, const Edges& generated, const torch::Tensor& person,
                            const torch::Tensor& pose) {
    if (form == DiscriminatorForm::Patch) {
        return isReal(generated.at("real"), 1);
    }
    const torch::Tensor loss =
        F::cross_entropy(generated.at("identity"), person) + F::cross_entropy(generated.at("pose"), pose);
    return form == DiscriminatorForm::Tpami ? loss + isReal(generated.at("real"), 1) : loss;
}

}  // namespace drgan::nn
