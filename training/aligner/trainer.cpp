// SPDX-License-Identifier: Apache-2.0
#include "aligner/trainer.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "nn/graph/widen.hpp"
#include "nn/models/aligner.hpp"
#include "nn/models/networks.hpp"
#include "opencv2/drgan/model_contract.hpp"
#include "run/mixed_precision.hpp"
#include "small_network/hard_negatives.hpp"

namespace drgan::train {

namespace contract = cv::drgan::contract;

namespace {

constexpr const char* name = "aligner";
constexpr size_t validationBatches = 24;  // at most
constexpr size_t cropsPerPicture = 4;     // at most, of a small set's pictures in validation

const std::vector<std::string> columns{"landmarks", "yaw", "score", "error_front", "error_side", "error_yaw", "auc"};

torch::Tensor column(const std::vector<float>& values, const torch::Device& device) {
    return torch::tensor(values).to(device);
}

}  // namespace

nn::Graph firstNetwork(const AlignerOptions& o) {
    torch::manual_seed(o.batch.seed);
    if (o.start.empty()) {
        return nn::aligner({cropSide, o.alignerWidth});
    }
    nn::Graph network = startingNetwork(o.start, name);
    if (o.widenAligner > 0) {
        nn::Graph wide = nn::aligner({cropSide, o.widenAligner});
        nn::widen(wide, network);
        return wide;
    }
    return network;
}

AlignerTrainer::AlignerTrainer(const AlignerOptions& options, const std::string& config)
    : SmallNetworkTrainer(options, {name, columns, true, options.crops.count}, firstNetwork(options)),
      options_(options),
      sampler_(faces_, options_.batch, options_.crops) {
    if (!options_.photos.empty()) {
        labelled_ = std::make_unique<LabelledScenes>(options_.photos, options_.photoFaces, options_.sureScore);
        sampler_.setScenes(labelled_.get());
    }
    if (!options_.backgrounds.empty()) {
        photos_ = std::make_unique<Backgrounds>(options_.backgrounds);
        const bool found = !options_.hardNegatives.empty();
        sampler_.setPhotos(
            *photos_, found ? hardNegativesIn(Checkpoint::load(options_.hardNegatives), *photos_, options_.backgrounds)
                            : std::vector<HardNegative>());
    }
    if (!options_.validationBackgrounds.empty()) {
        otherPhotos_ = std::make_unique<Backgrounds>(options_.validationBackgrounds);
    }
    drawValidation();
    open(config);
    spdlog::info("{} pictures to learn from, {} crops to validate on, {} parameters to learn", sampler_.faces(),
                 validation_.size() * static_cast<size_t>(options_.crops.count), weightCount());
}

void AlignerTrainer::drawValidation() {
    SamplingOptions how = options_.batch;
    how.validation = true;
    how.augmentation = {0, 0, 0, 0, 0, 0};
    try {
        AlignerSampler sampler(faces_, how, options_.crops);
        sampler.setScenes(labelled_.get());
        if (otherPhotos_) {
            sampler.setPhotos(*otherPhotos_, {});
        }
        const auto count = static_cast<size_t>(options_.crops.count);
        const size_t batches = std::min(validationBatches, (cropsPerPicture * sampler.faces() + count - 1) / count);
        for (size_t i = 0; i < batches; ++i) {
            validation_.push_back(sampler.draw(static_cast<int64_t>(i)));
        }
    } catch (const std::runtime_error& e) {
        spdlog::warn("{}: nothing to validate the aligner on", e.what());
    }
}

AlignerTrainer::Learn AlignerTrainer::draw(int64_t step) {
    return [this, batch = sampler_.draw(step)] { return learn(batch); };
}

AlignerTrainer::Loss AlignerTrainer::learn(const AlignerBatch& batch) {
    nn::Edges found;
    {
        const MixedPrecision half(options_);
        found = network_->forward({{contract::alignerCrop, nn::fromPlanes(batch.crops, cropSide, device_)}});
    }
    const torch::Tensor face = column(batch.face, device_);
    Loss loss;
    auto& terms = loss.terms;
    terms["landmarks"] =
        nn::landmarkLoss(found.at(contract::alignerLandmarks), column(batch.landmarks, device_).view({-1, 10}), face);
    terms["yaw"] = nn::yawLoss(found.at(contract::alignerYaw).flatten(), column(batch.yaw, device_), face);
    terms["score"] = nn::faceLoss(found.at(contract::alignerScore).flatten(), face);
    loss.sum = options_.landmarkWeight * terms["landmarks"] + options_.yawWeight * terms["yaw"] +
               options_.scoreWeight * terms["score"];
    return loss;
}

std::optional<double> AlignerTrainer::evaluate() {
    if (validation_.empty()) {
        return {};
    }
    const AlignerErrors errors = validateAligner(averaged_, validation_, device_);
    keepMeasured(
        {{"error_front", errors.front}, {"error_side", errors.side}, {"error_yaw", errors.yaw}, {"auc", errors.auc}});
    spdlog::info(
        "validation: landmarks {:.2f} % of the eye-mouth distance below 45 degrees, {:.2f} % beyond; yaw {:.2f} "
        "degrees; AUC {:.4f}",
        100 * errors.front, 100 * errors.side, errors.yaw, errors.auc);
    return errors.score();
}

void AlignerTrainer::addTo(Checkpoint& checkpoint) const {
    checkpoint.metadata["crop_factor"] = fmt::format("{}", cropFactor);
}

}  // namespace drgan::train
