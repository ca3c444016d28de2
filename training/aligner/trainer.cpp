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
#include "run/optimisation.hpp"
#include "run/parallel.hpp"
#include "run/prefetch.hpp"
#include "small_network/hard_negatives.hpp"
#include "small_network/trainer.hpp"

namespace drgan::train {

namespace contract = cv::drgan::contract;
using Clock = std::chrono::steady_clock;

namespace {

constexpr const char* liveName = "aligner";
constexpr const char* averagedName = "averaged_aligner";
constexpr size_t validationBatches = 24;  // at most
constexpr size_t cropsPerPicture = 4;     // at most, of a small set's pictures in validation

const std::vector<std::string> columns{"landmarks", "yaw", "score", "error_front", "error_side", "error_yaw", "auc"};

torch::Tensor column(const std::vector<float>& values, const torch::Device& device) {
    return torch::tensor(values).to(device);
}

nn::Graph firstNetwork(const Options& o) {
    torch::manual_seed(o.batch.seed);
    if (o.start.empty()) {
        return nn::aligner({cropSide, o.alignerWidth});
    }
    nn::Graph network = Checkpoint::load(o.start).network(averagedName);
    if (o.widenAligner > 0) {
        nn::Graph wide = nn::aligner({cropSide, o.widenAligner});
        nn::widen(wide, network);
        return wide;
    }
    return network;
}

}  // namespace

AlignerTrainer::AlignerTrainer(Options options, const std::string& config)
    : options_(std::move(options)),
      device_(localDevice(options_.device)),
      faces_(options_.faces),
      sampler_(faces_, options_.batch, options_.crops),
      network_(firstNetwork(options_)),
      averaged_(frozenCopy(network_)),
      folder_(options_.run, options_.keep, columns) {
    if (nn::group().size() > 1) {
        throw std::runtime_error("the aligner is small: it learns in one process (WORLD_SIZE asks for several)");
    }
    if (!options_.backgrounds.empty()) {
        photos_ = std::make_unique<Backgrounds>(options_.backgrounds);
        const bool found = !options_.falseFinds.empty();
        sampler_.setPhotos(*photos_,
                           found ? falseFindsIn(Checkpoint::load(options_.falseFinds), *photos_, options_.backgrounds)
                                 : std::vector<FalseFind>());
    }
    if (!options_.validationBackgrounds.empty()) {
        otherPhotos_ = std::make_unique<Backgrounds>(options_.validationBackgrounds);
    }
    for (nn::Graph* network : {&network_, &averaged_}) {
        (*network)->to(device_);
        toChannelsLast(*network);
    }
    AdamW::Options rates;
    rates.weightDecay = options_.weightDecay;
    optimiser_ = std::make_unique<AdamW>(network_->parameters(), rates);
    drawValidation();
    if (const auto last = folder_.open(config, options_.resume)) {
        restore(*last);
    }
    spdlog::info("{} pictures to learn from, {} crops to validate on, {} parameters to learn", sampler_.faces(),
                 validation_.size() * static_cast<size_t>(options_.crops.count), weightCount(network_));
}

void AlignerTrainer::drawValidation() {
    BatchOptions how = options_.batch;
    how.validation = true;
    how.augmentation = {0, 0, 0, 0, 0, 0};
    try {
        AlignerSampler sampler(faces_, how, options_.crops);
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

void AlignerTrainer::restore(const Checkpoint& checkpoint) {
    restoreInto(network_, checkpoint, liveName);
    restoreInto(averaged_, checkpoint, averagedName);
    restoreMoments(checkpoint, "optimiser", *optimiser_);
    step_ = std::stoll(checkpoint.metadata.at("step"));
    best_ = numberIn(checkpoint.metadata, "best_score", best_);
}

void AlignerTrainer::run() {
    Ahead<AlignerBatch> stream([this](int64_t step) { return sampler_.draw(step); }, step_, options_.batch.threads);
    Clock::time_point lastSave = Clock::now();
    progress_.begin(step_);
    while (step_ < options_.steps && !stopRequested) {
        const auto losses = learn(stream.next());
        ++step_;
        moveAverage(averaged_, network_, decayAt(options_.averaging, step_));
        progress_.add(options_.crops.count);
        const bool evaluates = step_ % options_.evaluateEvery == 0 || step_ == options_.steps;
        if (evaluates) {
            evaluate();
        }
        if (evaluates || step_ % options_.logEvery == 0) {
            logStep(options_, step_, losses, measured_, folder_, progress_);
        }
        if (Clock::now() - lastSave > std::chrono::duration<double>(options_.checkpointMinutes * 60)) {
            folder_.saveLast(checkpoint(), step_);
            lastSave = Clock::now();
        }
    }
    folder_.saveLast(checkpoint(), step_);
}

std::map<std::string, torch::Tensor> AlignerTrainer::learn(const AlignerBatch& batch) {
    network_->train();
    std::map<std::string, torch::Tensor> losses;
    torch::Tensor sum;
    {
        nn::Edges found;
        {
            const MixedPrecision half(options_);
            found = network_->forward({{contract::alignerCrop, nn::fromPlanes(batch.crops, cropSide, device_)}});
        }
        const torch::Tensor face = column(batch.face, device_);
        losses["landmarks"] = nn::landmarkLoss(found.at(contract::alignerLandmarks),
                                               column(batch.landmarks, device_).view({-1, 10}), face);
        losses["yaw"] = nn::yawLoss(found.at(contract::alignerYaw).flatten(), column(batch.yaw, device_), face);
        losses["score"] = nn::faceLoss(found.at(contract::alignerScore).flatten(), face);
        sum = options_.landmarkWeight * losses["landmarks"] + options_.yawWeight * losses["yaw"] +
              options_.scoreWeight * losses["score"];
    }
    update(*optimiser_, sum, rateAt(options_.learningRate, step_, options_.warmup, options_.steps));
    return losses;
}

void AlignerTrainer::evaluate() {
    if (validation_.empty()) {
        return;
    }
    const Clock::time_point from = Clock::now();
    const AlignerErrors errors = validateAligner(averaged_, validation_, device_);
    keepMeasured(
        {{"error_front", errors.front}, {"error_side", errors.side}, {"error_yaw", errors.yaw}, {"auc", errors.auc}},
        measured_);
    spdlog::info(
        "validation: landmarks {:.2f} % of the eye-mouth distance below 45 degrees, {:.2f} % beyond; yaw {:.2f} "
        "degrees; AUC {:.4f}",
        100 * errors.front, 100 * errors.side, errors.yaw, errors.auc);
    if (errors.score() < best_) {
        best_ = errors.score();
        folder_.saveBest(checkpoint(), step_);
    }
    progress_.skip(from);
}

Checkpoint AlignerTrainer::checkpoint() const {
    Checkpoint result;
    result.addNetwork(liveName, network_);
    result.addNetwork(averagedName, averaged_);
    saveMoments(result, "optimiser", *optimiser_);
    auto& m = result.metadata;
    m["step"] = std::to_string(step_);
    m["best_score"] = fmt::format("{}", best_);
    m["crop_factor"] = fmt::format("{}", cropFactor);
    return result;
}

}  // namespace drgan::train
