// SPDX-License-Identifier: Apache-2.0
#include "dr_gan/model.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>

#include "dr_gan/starting_encoder.hpp"
#include "nn/process_group.hpp"
#include "opencv2/drgan/model_contract.hpp"
#include "run/optimisation.hpp"
#include "run/parallel.hpp"

namespace drgan::train {

namespace contract = cv::drgan::contract;

Model::Model(const DrGanOptions& options, const io::FaceSet& faces, int64_t persons)
    : device(localDevice(options.device)), stage_(options.stage), confidenceOnly_(options.confidenceOnly) {
    torch::manual_seed(options.batch.seed);
    build(options, faces, persons);
    for (auto& [name, network] : networks()) {
        nn::Graph live = network;
        live->to(device);
        toMemoryFormat(live);
    }
    if (classes.defined()) {
        classes = classes.to(device).detach().set_requires_grad(true);
    }
    const bool encoderLearns = stage_ != Stage::Decoder;
    for (auto& p : encoder->parameters()) {
        p.set_requires_grad(encoderLearns);
    }
    if (encoderLearns) {
        freeze(options);
    }

    std::vector<torch::Tensor> learned;
    auto collect = [&](const nn::Graph& network) {
        for (const auto& p : network->parameters()) {
            if (p.requires_grad()) {
                learned.push_back(p);
            }
        }
    };
    if (encoderLearns) {
        collect(encoder);
        if (projection) {
            collect(projection);
        }
        if (classes.defined()) {
            learned.push_back(classes);
        }
    }
    AdamW::Options rates;
    rates.weightDecay = options.weightDecay;
    if (stage_ != Stage::Encoder) {
        collect(decoder);
        if (appearance) {
            collect(appearance);
        }
        rates.beta1 = 0.5;  // the paper's, for adversarial training
        if (discriminator) {
            discriminatorOptimiser = std::make_unique<AdamW>(discriminator->parameters(), rates);
        }
    }
    optimiser = std::make_unique<AdamW>(learned, rates);
}

void Model::build(const DrGanOptions& o, const io::FaceSet& faces, int64_t persons) {
    Checkpoint start;
    if (!o.start.empty()) {
        start = Checkpoint::load(o.start);
    }
    auto take = [&](const char* name) { return start.hasNetwork(name) ? start.network(name) : nn::Graph(nullptr); };
    const int64_t side = faces.imageSize();
    encoder = firstEncoder(o, start, side);
    if (!o.blend.empty()) {
        blendEncoder(encoder, o);
    }
    if (nn::imageSize(encoder) != side) {
        throw std::runtime_error("the encoder takes pictures of " + std::to_string(nn::imageSize(encoder)) + " px, " +
                                 o.faces + " holds pictures of " + std::to_string(side) + " px");
    }
    encoder->eval();
    torch::NoGradGuard noGrad;
    const int64_t nf = nn::encode(encoder, torch::zeros({1, 3, side, side})).first.size(1);
    averagedEncoder = frozenCopy(encoder);

    const auto nt = static_cast<int64_t>(faces.teacherSize());
    if (nt == 0) {
        classes = torch::randn({persons, nf}) * 0.1;
    } else if (nt != nf) {
        projection = nn::Graph();
        projection->output("out", projection->linear(projection->input("in", {nf}), nf, nt));
        const nn::Graph before = take("projection");
        if (before && before->toJson() == projection->toJson()) {
            projection = before;
        } else if (before) {
            spdlog::warn("{}: its embeddings were compared with another teacher's: a fresh projection learns", o.start);
        }
    }
    if (stage_ == Stage::Encoder) {
        return;
    }
    const auto poses = static_cast<int64_t>(o.batch.poseYaws.size());
    decoder = take("averaged_decoder");
    const bool takesDecoder = static_cast<bool>(decoder);
    if (!decoder) {
        const nn::DecoderSpec spec{
            side, nf, poses, o.noiseSize, o.decoderWidth, o.decoderFcChannels, o.upsampling == "fconv", o.appearance};
        decoder = o.decoder == "casia"   ? nn::mirroredDecoder(spec)
                  : o.decoder == "basis" ? nn::basisDecoder(spec)
                                         : Checkpoint::load(o.decoder).network("averaged_decoder");
    }
    if (nn::poseCount(decoder) != poses || nn::embeddingSize(decoder) != nf) {
        throw std::runtime_error((takesDecoder ? o.start : o.decoder) + ": its decoder has " +
                                 std::to_string(nn::poseCount(decoder)) + " poses and embeddings of " +
                                 std::to_string(nn::embeddingSize(decoder)) + ", this run " + std::to_string(poses) +
                                 " and " + std::to_string(nf));
    }
    averagedDecoder = frozenCopy(decoder);
    if (o.appearance) {
        appearance = take("averaged_appearance");
        if (!appearance) {
            appearance = nn::appearanceNetwork(side, nn::noiseSize(decoder));
        }
        averagedAppearance = frozenCopy(appearance);
    }
    if (o.identityWeight > 0 || o.perceptualWeight > 0) {
        judge = nn::withFeatures(encoder);
        for (auto& p : judge->parameters()) {
            p.set_requires_grad(false);
        }
        judge->eval();
        judge->to(device);
        toMemoryFormat(judge);
    }
    if (o.adversarialWeight > 0) {
        discriminator =
            nn::discriminator({side, persons, poses, o.discriminatorWidth, nn::discriminatorForm(o.discriminatorForm)});
        const nn::Graph before = take("discriminator");
        if (before && before->toJson() == discriminator->toJson()) {
            discriminator = before;
        } else if (before) {
            spdlog::warn("{}: its discriminator has another form, width or number of people: a fresh one learns",
                         o.start);
        }
    }
}

void Model::freeze(const DrGanOptions& o) {
    const std::vector<bool> ofEmbedding = encoder->needed({contract::encoderEmbedding});
    int layer = 0;
    for (size_t i = 0; i < ofEmbedding.size(); ++i) {
        const nn::Node& node = encoder->nodes()[i];
        layer += node.op == "Conv" || node.op == "Gemm" ? 1 : 0;
        if (node.module && (o.confidenceOnly ? ofEmbedding[i] : layer <= o.frozenLayers)) {
            for (auto& p : node.module->parameters()) {
                p.set_requires_grad(false);
            }
            frozen_.push_back(i);
        }
    }
}

std::vector<std::pair<std::string, nn::Graph>> Model::networks() const {
    std::vector<std::pair<std::string, nn::Graph>> all{{"encoder", encoder},
                                                       {"decoder", decoder},
                                                       {"discriminator", discriminator},
                                                       {"projection", projection},
                                                       {"appearance", appearance},
                                                       {"averaged_encoder", averagedEncoder},
                                                       {"averaged_appearance", averagedAppearance},
                                                       {"averaged_decoder", averagedDecoder}};
    all.erase(std::remove_if(all.begin(), all.end(), [](const auto& item) { return !item.second; }), all.end());
    return all;
}

void Model::train() {
    encoder->train(stage_ != Stage::Decoder && !confidenceOnly_);  // else the statistics of its layers would move
    for (size_t node : frozen_) {
        encoder->nodes()[node].module->eval();
    }
    if (decoder) {
        decoder->train();
    }
    if (appearance) {
        appearance->train();
    }
    if (discriminator) {
        discriminator->train();
    }
}

void Model::average(double decay) {
    if (stage_ != Stage::Decoder) {
        moveAverage(averagedEncoder, encoder, decay);
    }
    if (decoder) {
        moveAverage(averagedDecoder, decoder, decay);
    }
    if (appearance) {
        moveAverage(averagedAppearance, appearance, decay);
    }
}

void Model::share() {
    if (nn::group().size() == 1) {
        return;
    }
    torch::NoGradGuard noGrad;
    auto all = [](const std::vector<torch::Tensor>& tensors) {
        for (torch::Tensor t : tensors) {
            nn::group().broadcast(t);
        }
    };
    for (const auto& item : networks()) {
        all(item.second->parameters());
        all(item.second->buffers());
    }
    if (classes.defined()) {
        all({classes});
    }
    auto number = [&](double own) {
        torch::Tensor value = torch::full({1}, own, torch::kFloat64).to(device);
        nn::group().broadcast(value);
        return value.item<double>();
    };
    for (AdamW* learner : {optimiser.get(), discriminatorOptimiser.get()}) {
        if (learner) {
            all(learner->first);
            all(learner->second);
            learner->steps = static_cast<int64_t>(number(static_cast<double>(learner->steps)));
        }
    }
    const double told = number(strength.toldApart.defined() ? strength.toldApart.item<double>() : -1);
    strength.toldApart = told < 0 ? torch::Tensor() : torch::full({}, told, torch::kFloat32).to(device);
    strength.strong = number(strength.strong ? 1 : 0) > 0;
}

void Model::save(Checkpoint& checkpoint) const {
    for (const auto& [name, network] : networks()) {
        checkpoint.addNetwork(name, network);
    }
    if (classes.defined()) {
        checkpoint.tensors["classes"] = classes;
    }
    saveMoments(checkpoint, "optimiser", *optimiser);
    if (strength.toldApart.defined()) {
        checkpoint.tensors["told_apart"] = strength.toldApart;
        checkpoint.metadata["discriminator_is_strong"] = strength.strong ? "1" : "0";
    }
    if (discriminatorOptimiser) {
        saveMoments(checkpoint, "discriminator_optimiser", *discriminatorOptimiser);
    }
}

void Model::restore(const Checkpoint& checkpoint) {
    for (auto& [name, network] : networks()) {
        nn::Graph live = network;
        restoreInto(live, checkpoint, name);
    }
    torch::NoGradGuard noGrad;
    if (classes.defined()) {
        classes.copy_(tensorIn(checkpoint, "classes"));
    }
    restoreMoments(checkpoint, "optimiser", *optimiser);
    if (const auto it = checkpoint.tensors.find("told_apart"); it != checkpoint.tensors.end()) {
        strength.toldApart = it->second.to(device);
        strength.strong = checkpoint.metadata.at("discriminator_is_strong") == "1";
    }
    if (discriminatorOptimiser) {
        restoreMoments(checkpoint, "discriminator_optimiser", *discriminatorOptimiser);
    }
}

}  // namespace drgan::train
