// SPDX-License-Identifier: Apache-2.0
#include "train/steps.hpp"

#include "nn/losses.hpp"

namespace drgan::train {

namespace {

constexpr double largestGradient = 5;  // norm; longer gradients are cut to it

torch::Tensor indices(const std::vector<int64_t>& values, const torch::Device& device) {
    return torch::tensor(values, torch::kInt64).to(device);
}

/// Adds the encoder's own terms and returns their weighted sum.
torch::Tensor encoderTerms(Model& model, const Targets& targets, const Options& o, const Batch& batch,
                           const torch::Tensor& embedding, const torch::Tensor& confidence, Losses& losses) {
    const torch::Tensor person = indices(batch.person, model.device);
    const bool taught = targets.templates.defined();
    const torch::Tensor templates = taught ? targets.templates : model.classes;
    auto project = [&](const torch::Tensor& f) {
        return model.projection ? model.projection->forward({{"in", f}}).at("out") : f;
    };
    auto terms = [&](const torch::Tensor& f, const torch::Tensor& who, const std::string& prefix) {
        torch::Tensor sum = torch::zeros({}, f.options());
        if (taught && o.templateWeight > 0) {
            losses[prefix + "template"] = nn::cosineLoss(f, templates.index_select(0, who));
            sum = sum + o.templateWeight * losses[prefix + "template"];
        }
        if (o.marginWeight > 0) {
            losses[prefix + "margin"] = nn::marginSoftmax(f, templates, who, o.marginScale, o.margin);
            sum = sum + o.marginWeight * losses[prefix + "margin"];
        }
        return sum;
    };
    const torch::Tensor f = project(embedding);
    torch::Tensor sum = terms(f, person, "");
    if (batch.pictures > 1) {
        const torch::Tensor fused = nn::fuse(embedding, confidence, batch.pictures);
        sum = sum + terms(project(fused), person.view({-1, batch.pictures}).select(1, 0).contiguous(), "fused_");
    }
    if (o.holdWeight > 0 && targets.teacher.defined()) {
        std::vector<int64_t> held, rows;  // of the batch, and the same of the set
        for (size_t i = 0; i < batch.yaw.size(); ++i) {
            if (std::abs(batch.yaw[i]) < o.holdYaw && targets.real[batch.row[i]]) {
                held.push_back(static_cast<int64_t>(i));
                rows.push_back(batch.row[i]);
            }
        }
        if (!held.empty()) {
            const torch::Tensor own = targets.teacher.index_select(0, indices(rows, targets.teacher.device()));
            losses["hold"] = nn::cosineLoss(f.index_select(0, indices(held, model.device)), own.to(model.device));
            sum = sum + o.holdWeight * losses["hold"];
        }
    }
    return sum;
}

void update(AdamW& optimiser, const torch::Tensor& loss, double rate) {
    optimiser.zeroGrad();
    loss.backward();
    torch::nn::utils::clip_grad_norm_(optimiser.parameters(), largestGradient);
    optimiser.step(rate);
}

/// The pictures' own codes and, for n > 1, each person's fused one.
torch::Tensor allCodes(const torch::Tensor& embedding, const torch::Tensor& confidence, int64_t n) {
    return n > 1 ? torch::cat({embedding, nn::fuse(embedding, confidence, n)}) : embedding;
}

}  // namespace

Losses encoderStep(Model& model, const Targets& targets, const Options& options, const Batch& batch, double rate) {
    Losses losses;
    const torch::Tensor images = nn::fromPlanes(batch.images, nn::imageSize(model.encoder), model.device);
    const auto [embedding, confidence] = nn::encode(model.encoder, images);
    update(*model.optimiser, encoderTerms(model, targets, options, batch, embedding, confidence, losses), rate);
    losses["confidence"] = confidence.detach().mean();
    return losses;
}

Losses generatorStep(Model& model, const Targets& targets, const Options& o, const Batch& batch, double rate,
                     double discriminatorRate) {
    Losses losses;
    const bool joint = o.stage == Stage::Joint;
    const int64_t side = nn::imageSize(model.encoder);
    const bool whole = o.batch.targetSide == 0 || o.batch.targetSide == side;
    const torch::Tensor target = nn::fromPlanes(batch.targets, whole ? side : o.batch.targetSide, model.device);
    const torch::Tensor targetPose = indices(batch.targetPose, model.device);
    const torch::Tensor targetPerson = indices(batch.targetPerson, model.device);

    torch::Tensor embedding, confidence;
    if (batch.code.empty()) {
        torch::AutoGradMode gradient(joint);
        std::tie(embedding, confidence) = nn::encode(model.encoder, nn::fromPlanes(batch.images, side, model.device));
    } else {
        const torch::Tensor which = indices(batch.code, model.device);
        embedding = model.codes.embedding.index_select(0, which);
        confidence = model.codes.confidence.index_select(0, which);
    }
    const torch::Tensor codes = allCodes(embedding, confidence, batch.pictures).repeat_interleave(o.batch.targets, 0);
    const std::string output = nn::faceOutput(model.decoder, side, target.size(2));
    const torch::Tensor face = nn::decode(model.decoder, codes, targetPose, {}, output);
    auto reconstruction = [&] {
        return nn::reconstructionLoss(face, target, torch::tensor(batch.targetWeight).to(model.device),
                                      nn::faceFocus(face.size(2)).to(model.device));
    };
    if (!whole) {
        // Low resolution first: the rest of the decoder waits, and there is nothing that the other terms could look at.
        losses["reconstruction"] = reconstruction();
        update(*model.optimiser, losses["reconstruction"], rate);
        return losses;
    }

    const auto form = o.discriminatorForm == "cvpr" ? nn::DiscriminatorForm::Cvpr : nn::DiscriminatorForm::Tpami;
    if (o.adversarialWeight > 0) {
        // The true pictures are the real half: clean, at poses drawn evenly like the generated ones.
        const nn::Edges real = model.discriminator->forward({{"image", target}});
        const nn::Edges generated = model.discriminator->forward({{"image", face.detach()}});
        losses["discriminator"] = nn::discriminatorLoss(form, real, generated, targetPerson, targetPose);
        update(*model.discriminatorOptimiser, losses["discriminator"], discriminatorRate);
    }

    torch::Tensor sum = torch::zeros({}, face.options());
    if (o.reconstructionWeight > 0) {
        losses["reconstruction"] = reconstruction();
        sum = sum + o.reconstructionWeight * losses["reconstruction"];
    }
    if (o.identityWeight > 0 || o.perceptualWeight > 0) {
        const torch::Tensor draw = torch::rand({face.size(0) + 1, 6}).to(model.device);
        const nn::Edges seen = model.judge->forward({{"image", nn::unsettled(face, draw)}});
        if (o.identityWeight > 0) {
            losses["identity"] = nn::cosineLoss(seen.at("embedding"), codes.detach());
            sum = sum + o.identityWeight * losses["identity"];
        }
        if (o.perceptualWeight > 0) {
            const nn::Edges truth = [&] {
                torch::NoGradGuard noGrad;
                return model.judge->forward({{"image", nn::unsettled(target, draw)}});
            }();
            losses["perceptual"] = nn::perceptualLoss(seen, truth, torch::tensor(batch.targetWeight).to(model.device));
            sum = sum + o.perceptualWeight * losses["perceptual"];
        }
    }
    if (o.adversarialWeight > 0) {
        for (auto& p : model.discriminator->parameters()) {
            p.set_requires_grad(false);
        }
        losses["adversarial"] =
            nn::generatorLoss(form, model.discriminator->forward({{"image", face}}), targetPerson, targetPose);
        sum = sum + o.adversarialWeight * losses["adversarial"];
    }
    if (joint && o.encoderWeight > 0) {
        sum = sum + o.encoderWeight * encoderTerms(model, targets, o, batch, embedding, confidence, losses);
    }
    update(*model.optimiser, sum, rate);
    if (o.adversarialWeight > 0) {
        for (auto& p : model.discriminator->parameters()) {
            p.set_requires_grad(true);
        }
    }
    return losses;
}

}  // namespace drgan::train
