// SPDX-License-Identifier: Apache-2.0
#include "dr_gan/steps.hpp"

#include "nn/models/losses.hpp"
#include "nn/process_group.hpp"
#include "opencv2/drgan/model_contract.hpp"
#include "run/mixed_precision.hpp"
#include "run/optimisation.hpp"

namespace drgan::train {

namespace {

namespace contract = cv::drgan::contract;

constexpr double withoutAppearance = 0.1;  // of the generated faces: zeros are to be the mean appearance
constexpr int64_t measureEvery =
    10;  // steps between measurements of the discriminator's strength, which wait for the device

torch::Tensor indices(const std::vector<int64_t>& values, const torch::Device& device) {
    return torch::tensor(values, torch::kInt64).to(device);
}

/// Adds the encoder's own terms and returns their weighted sum.
torch::Tensor encoderTerms(Model& model, const Targets& targets, const DrGanOptions& o, const Batch& batch,
                           const torch::Tensor& images, const torch::Tensor& embedding, const torch::Tensor& confidence,
                           Losses& losses) {
    const torch::Tensor person = indices(batch.person, model.device);
    const bool taught = targets.templates.defined();
    const torch::Tensor templates = taught ? targets.templates : model.classes;
    auto project = [&](const torch::Tensor& f) {
        const MixedPrecision half(o);
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
        const torch::Tensor who = person.view({-1, batch.pictures}).select(1, 0).contiguous();
        sum = sum + terms(project(fused), who, "fused_");
        if (o.pairWeight > 0) {
            losses["pair"] = nn::templatePairLoss(embedding, confidence, who, batch.pictures, o.marginScale, o.margin);
            sum = sum + o.pairWeight * losses["pair"];
        }
    }
    if (o.mirrorWeight > 0) {
        const torch::Tensor flipped = images.flip({3}).contiguous(nn::memoryFormat());
        const torch::Tensor seen = [&] {
            const MixedPrecision half(o);
            return nn::encode(model.encoder, flipped).first;
        }();
        losses["mirror"] = nn::cosineLoss(seen, embedding);
        sum = sum + o.mirrorWeight * losses["mirror"];
    }
    // Pictures [of the batch] to be given the teacher's embedding of rows [of the set].
    auto hold = [&](const std::string& name, double weight, const std::vector<int64_t>& pictures,
                    const std::vector<int64_t>& rows) {
        const torch::Tensor own = targets.teacher.index_select(0, indices(rows, targets.teacher.device()));
        const torch::Tensor apart =
            nn::cosineDistance(f.index_select(0, indices(pictures, model.device)), own.to(model.device)).sum();
        const auto count = static_cast<double>(rows.size());
        losses[name] = nn::meanAcross(apart, torch::full({}, count, apart.options()));
        sum = sum + weight * losses[name];
    };
    if (targets.teacher.defined()) {
        std::vector<int64_t> frontal, frontalRow, turned, turnedFrom;
        for (size_t i = 0; i < batch.row.size(); ++i) {
            const int64_t source = targets.source[batch.row[i]];
            if (source != batch.row[i]) {
                turned.push_back(static_cast<int64_t>(i));
                turnedFrom.push_back(source);
            } else if (std::abs(batch.yaw[i]) < o.holdYaw) {
                frontal.push_back(static_cast<int64_t>(i));
                frontalRow.push_back(source);
            }
        }
        if (o.holdWeight > 0) {
            hold("hold", o.holdWeight, frontal, frontalRow);
        }
        if (o.sourceWeight > 0) {
            hold("source", o.sourceWeight, turned, turnedFrom);
        }
    }
    return sum;
}

/// The pictures' own embeddings and, for n > 1, each person's fused one.
torch::Tensor withFused(const torch::Tensor& embedding, const torch::Tensor& confidence, int64_t n) {
    return n > 1 ? torch::cat({embedding, nn::fuse(embedding, confidence, n)}) : embedding;
}

/// Random numbers in [0,1) for each generated face, [embeddings x targets, columns], the same ones on however many
/// processes.
torch::Tensor randomPerFace(const Batch& batch, const DrGanOptions& o, int64_t columns) {
    const int64_t fused = batch.pictures > 1 ? batch.persons * o.batch.targets : 0;
    const auto single = static_cast<int64_t>(batch.person.size()) * o.batch.targets;
    const torch::Tensor first = nn::randAcross(single, columns);
    return fused > 0 ? torch::cat({first, nn::randAcross(fused, columns)}) : first;
}

/// What goes into the generator's terms.
struct Generated {
    torch::Tensor images;                 ///< [B,3,S,S]; undefined where embeddings are made once
    torch::Tensor embedding, confidence;  ///< of the inputs
    torch::Tensor identity;               ///< [embeddings x targets,Nf]
    torch::Tensor face, target;           ///< [embeddings x targets,3,side,side]
    torch::Tensor targetPose, targetPerson, targetWeight;
    torch::Tensor poseCode;  ///< [embeddings x targets,Np]
};

/// What the decoder takes for its noise, [embeddings x targets,Nz]: the appearance of the inputs, or noise.
torch::Tensor noise(Model& model, const DrGanOptions& o, const Batch& batch, const torch::Tensor& images) {
    if (!model.appearance) {
        return randomPerFace(batch, o, nn::noiseSize(model.decoder)).to(model.device) * 2 - 1;
    }
    const torch::Tensor code =
        model.appearance->forward({{contract::encoderImage, images}}).at(contract::encoderAppearance);
    const torch::Tensor given = randomPerFace(batch, o, 1).to(model.device) >= withoutAppearance;
    return code.repeat_interleave(o.batch.targets, 0) * given.to(code.dtype());
}

Generated generate(Model& model, const DrGanOptions& o, const Batch& batch) {
    Generated g;
    const int64_t side = nn::imageSize(model.encoder);
    g.target = nn::fromPlanes(batch.targets, o.batch.targetSide == 0 ? side : o.batch.targetSide, model.device);
    g.targetPose = indices(batch.targetPose, model.device);
    g.targetPerson = indices(batch.targetPerson, model.device);
    g.targetWeight = torch::tensor(batch.targetWeight).to(model.device);
    g.poseCode = nn::poseCode(torch::tensor(batch.targetYaw).to(model.device), o.batch.poseYaws);
    if (!batch.images.empty()) {
        g.images = nn::fromPlanes(batch.images, side, model.device);
    }
    if (batch.stored.empty()) {
        torch::AutoGradMode gradient(o.stage == Stage::Joint);
        std::tie(g.embedding, g.confidence) = nn::encode(model.encoder, g.images);
    } else {
        const torch::Tensor which = indices(batch.stored, model.device);
        g.embedding = model.stored.embedding.index_select(0, which);
        g.confidence = model.stored.confidence.index_select(0, which);
    }
    g.identity = withFused(g.embedding, g.confidence, batch.pictures).repeat_interleave(o.batch.targets, 0);
    g.face = nn::decode(model.decoder, g.identity, g.poseCode, noise(model, o, batch, g.images),
                        nn::faceOutput(model.decoder, side, g.target.size(2)));
    return g;
}

/// The generator's terms but the adversarial and the encoder's own ones, and their weighted sum.
torch::Tensor likeness(Model& model, const DrGanOptions& o, const Batch& batch, const Generated& g, Losses& losses) {
    losses["reconstruction"] =
        nn::reconstructionLoss(g.face, g.target, g.targetWeight, nn::faceFocus(g.face.size(2)).to(model.device));
    if (g.face.size(2) != nn::imageSize(model.encoder)) {
        // Low resolution first: the rest of the decoder waits, and there is nothing that the other terms could look at.
        return losses["reconstruction"];
    }
    torch::Tensor sum = o.reconstructionWeight * losses["reconstruction"];
    if (o.identityWeight > 0 || o.perceptualWeight > 0) {
        // The last row moves all pictures, so it is everybody's.
        const torch::Tensor draw = torch::cat({randomPerFace(batch, o, 6), torch::rand({1, 6})});
        auto judge = [&](const torch::Tensor& pictures) {
            const MixedPrecision half(o);
            return model.judge->forward(
                {{"image", nn::unsettled(o.judgeGrey ? nn::inGrey(pictures) : pictures, draw)}});
        };
        const nn::Edges seen = judge(g.face);
        if (o.identityWeight > 0) {
            losses["identity"] = nn::cosineLoss(seen.at("embedding"), g.identity.detach());
            sum = sum + o.identityWeight * losses["identity"];
        }
        if (o.perceptualWeight > 0) {
            const nn::Edges truth = [&] {
                torch::NoGradGuard noGrad;
                return judge(g.target);
            }();
            losses["perceptual"] = nn::perceptualLoss(seen, truth, g.targetWeight);
            sum = sum + o.perceptualWeight * losses["perceptual"];
        }
    }
    return sum;
}

nn::DiscriminatorForm form(const DrGanOptions& o) { return nn::discriminatorForm(o.discriminatorForm); }

nn::Edges discriminate(Model& model, const DrGanOptions& o, const torch::Tensor& pictures,
                       const torch::Tensor& poseCode) {
    const bool texture = form(o) == nn::DiscriminatorForm::Patch;
    const torch::Tensor seen = o.discriminatorGrey ? nn::inGrey(pictures) : pictures;
    const MixedPrecision half(o);
    return texture ? model.discriminator->forward({{"image", nn::faceAlone(seen)}, {"pose", poseCode}})
                   : model.discriminator->forward({{"image", seen}});
}

/// The true pictures are the real half: clean, at poses drawn evenly like the generated ones.
void discriminatorStep(Model& model, const DrGanOptions& o, const Generated& g, int64_t step, double rate,
                       Losses& losses) {
    Model::Strength& strength = model.strength;
    if (strength.strong && step % o.generatorSteps != 0) {
        return;
    }
    const nn::Edges real = discriminate(model, o, g.target, g.poseCode);
    const nn::Edges generated = discriminate(model, o, g.face.detach(), g.poseCode);
    losses["discriminator"] = nn::discriminatorLoss(form(o), real, generated, g.targetPerson, g.targetPose);
    const torch::Tensor told = nn::averageAcross(nn::toldApart(form(o), generated));
    strength.toldApart = strength.toldApart.defined() ? strength.toldApart.lerp(told, 0.1) : told * 0.5;
    losses["told_apart"] = strength.toldApart;
    if (strength.strong || step % measureEvery == 0) {
        strength.strong = strength.toldApart.item<double>() > o.strongDiscriminator;
    }
    update(*model.discriminatorOptimiser, losses["discriminator"], rate);
}

}  // namespace

Losses encoderStep(Model& model, const Targets& targets, const DrGanOptions& o, const Batch& batch, double rate) {
    Losses losses;
    const torch::Tensor images = nn::fromPlanes(batch.images, nn::imageSize(model.encoder), model.device);
    torch::Tensor embedding, confidence;
    {
        const MixedPrecision half(o);
        std::tie(embedding, confidence) = nn::encode(model.encoder, images);
    }
    losses["confidence"] = confidence.detach().mean();
    const torch::Tensor sum = encoderTerms(model, targets, o, batch, images, embedding, confidence, losses);
    if (sum.requires_grad()) {  // not where only confidences learn and n is 1
        update(*model.optimiser, sum, rate);
    }
    return losses;
}

Losses generatorStep(Model& model, const Targets& targets, const DrGanOptions& o, const Batch& batch, int64_t step,
                     double rate, double discriminatorRate) {
    Losses losses;
    Generated g;
    {
        const MixedPrecision half(o);
        g = generate(model, o, batch);
    }
    const bool adversarial =
        o.adversarialWeight > 0 && g.face.size(2) == nn::imageSize(model.encoder);  // at full resolution only
    if (adversarial) {
        discriminatorStep(model, o, g, step, discriminatorRate, losses);
        for (auto& p : model.discriminator->parameters()) {
            p.set_requires_grad(false);
        }
    }
    torch::Tensor sum = likeness(model, o, batch, g, losses);
    if (adversarial) {
        const nn::Edges judged = discriminate(model, o, g.face, g.poseCode);
        losses["adversarial"] = nn::generatorLoss(form(o), judged, g.targetPerson, g.targetPose);
        sum = sum + o.adversarialWeight * losses["adversarial"];
    }
    if (o.stage == Stage::Joint && o.encoderWeight > 0) {
        sum =
            sum + o.encoderWeight * encoderTerms(model, targets, o, batch, g.images, g.embedding, g.confidence, losses);
    }
    update(*model.optimiser, sum, rate);
    if (adversarial) {
        for (auto& p : model.discriminator->parameters()) {
            p.set_requires_grad(true);
        }
    }
    return losses;
}

double validateLikeness(Model& model, const DrGanOptions& o, const std::vector<Batch>& batches) {
    torch::NoGradGuard noGrad;
    auto swap = [&] {
        std::swap(model.decoder, model.averagedDecoder);
        std::swap(model.encoder, model.averagedEncoder);
        std::swap(model.appearance, model.averagedAppearance);
    };
    swap();
    std::vector<nn::Graph> judged{model.decoder, model.encoder};
    if (model.appearance) {
        judged.push_back(model.appearance);
    }
    std::vector<bool> learns;
    for (nn::Graph network : judged) {
        learns.push_back(network->is_training());
        network->eval();
    }
    // The noise is the same every time: the best checkpoint is not the one with the luckiest.
    torch::manual_seed(o.batch.seed);
    double sum = 0;
    for (const Batch& batch : batches) {
        Losses losses;
        sum += likeness(model, o, batch, generate(model, o, batch), losses).item<double>();
    }
    for (size_t i = 0; i < judged.size(); ++i) {
        nn::Graph network = judged[i];
        network->train(learns[i]);
    }
    swap();
    return sum / static_cast<double>(std::max<size_t>(1, batches.size()));
}

}  // namespace drgan::train
