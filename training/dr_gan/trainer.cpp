// SPDX-License-Identifier: Apache-2.0
#include "dr_gan/trainer.hpp"

#include <spdlog/fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <stdexcept>

#include "dr_gan/validation.hpp"
#include "nn/process_group.hpp"
#include "run/optimisation.hpp"
#include "run/prefetch.hpp"
#include "run/speed.hpp"

namespace drgan::train {

using Clock = std::chrono::steady_clock;

namespace {

constexpr int64_t validationBatches = 4;

const std::vector<std::string> columns{"template",   "margin",     "fused_template", "fused_margin",  "hold",
                                       "confidence", "pair",       "source",         "mirror",        "reconstruction",
                                       "identity",   "perceptual", "adversarial",    "discriminator", "told_apart"};

BatchOptions ofThisProcess(BatchOptions options) {
    options.rank = nn::group().rank();
    return options;
}

}  // namespace

Trainer::Trainer(DrGanOptions options, const std::string& config)
    : options_(std::move(options)),
      faces_(options_.faces),
      sampler_(faces_, ofThisProcess(options_.batch)),
      model_(options_, faces_, static_cast<int64_t>(sampler_.persons())),
      targets_(readTargets(faces_, sampler_.faceSetPersons())),
      folder_(options_.run, options_.keep, columns) {
    if (targets_.templates.defined()) {
        targets_.templates = targets_.templates.to(model_.device);
    }
    if (options_.stage == Stage::Decoder) {
        drawValidation();
    }
    if (leads()) {
        openFolder(config);
    }
    share();
    if (options_.batch.storedPerPerson > 0) {
        model_.stored = readOrMakeEmbeddings(options_.storedEmbeddings, model_.averagedEncoder, sampler_, model_.device,
                                             stopRequested);
    }
    spdlog::info("{} faces, {} training persons, {} parameters to learn", faces_.size(), sampler_.persons(), [&] {
        int64_t count = 0;
        for (const auto& p : model_.optimiser->parameters()) {
            count += p.numel();
        }
        return count;
    }());
}

bool Trainer::leads() const { return nn::group().rank() == 0; }

void Trainer::openFolder(const std::string& config) {
    if (const auto last = folder_.open(config, options_.resume)) {
        restore(*last);
    } else if (!options_.start.empty()) {  // what an encoder that stays as it is has been given already
        threshold_ = numberIn(io::SafetensorsFile(options_.start).metadata(), "match_threshold", 0);
    }
}

void Trainer::drawValidation() {
    BatchOptions how = options_.batch;
    how.validation = true;
    how.augmentation = {0, 0, 0, 0, 0, 0};
    how.pictures = 1;
    how.storedPerPerson = 0;
    try {
        const Sampler sampler(faces_, how);
        for (int64_t i = 0; i < validationBatches; ++i) {
            validation_.push_back(sampler.draw(i));
        }
    } catch (const std::runtime_error& e) {
        spdlog::warn("{}: nothing to validate the decoder on", e.what());
    }
}

void Trainer::share() {
    if (nn::group().size() == 1) {
        return;
    }
    model_.share();
    torch::Tensor state = torch::tensor({static_cast<double>(step_), threshold_}, torch::kFloat64).to(model_.device);
    nn::group().broadcast(state);
    step_ = static_cast<int64_t>(state[0].item<double>());
    threshold_ = state[1].item<double>();
    spdlog::info("process {} of {}", nn::group().rank() + 1, nn::group().size());
}

void Trainer::restore(const Checkpoint& checkpoint) {
    model_.restore(checkpoint);
    step_ = std::stoll(checkpoint.metadata.at("step"));
    threshold_ = numberIn(checkpoint.metadata, "match_threshold", 0);
    best_ = numberIn(checkpoint.metadata, "best_score", best_);
}

double Trainer::rate(double highest) const { return rateAt(highest, step_, options_.warmup, options_.steps); }

void Trainer::run() {
    Prefetch<Batch> stream([this](int64_t step) { return sampler_.draw(step); }, step_, options_.batch.threads);
    auto save = [&] {
        if (leads()) {
            folder_.saveLast(checkpoint(), step_);
        }
    };
    progress_.begin(step_);
    while (step_ < options_.steps && !stopsNow()) {
        const Batch batch = stream.next();
        // Noise depends only on the step, so that a resumed run draws what the unbroken one would have.
        torch::manual_seed(options_.batch.seed * 1000003 + static_cast<uint64_t>(step_));
        model_.train();
        const Losses losses = options_.stage == Stage::Encoder
                                  ? encoderStep(model_, targets_, options_, batch, rate(options_.learningRate))
                                  : generatorStep(model_, targets_, options_, batch, step_, rate(options_.learningRate),
                                                  rate(options_.discriminatorRate));
        ++step_;
        model_.average(decayAt(options_.averaging, step_));
        progress_.add(static_cast<int64_t>(batch.person.size()) * nn::group().size());
        if (step_ % options_.logEvery == 0 || step_ == options_.steps) {
            log(losses);
        }
        if (step_ % options_.evaluateEvery == 0 || step_ == options_.steps) {
            evaluate();
        }
        if (isCheckpointDue(options_, step_)) {
            save();
        }
    }
    save();
}

bool Trainer::stopsNow() const {
    if (nn::group().size() == 1) {
        return stopRequested;
    }
    // All processes have to stop after the same step.
    torch::Tensor stop = torch::full({1}, stopRequested ? 1.F : 0.F).to(model_.device);
    nn::group().sum(stop);
    return stop.item<float>() > 0;
}

void Trainer::log(const Losses& own) {
    Losses losses;
    for (const auto& [name, value] : own) {
        losses[name] = nn::averageAcross(value.detach());
    }
    if (!leads()) {
        return;
    }
    std::map<std::string, double> values;
    for (const auto& [name, value] : losses) {
        values[name] = value.item<double>();
    }
    folder_.addMetrics(step_, rate(options_.learningRate), values);
    std::string line = progress_.line(step_, options_.steps);
    for (const auto& name : columns) {
        if (const auto it = values.find(name); it != values.end()) {
            line += fmt::format("  {} {:.3f}", name, it->second);
        }
    }
    spdlog::info("{}", line);
}

double Trainer::validateEncoder() {
    const Validation v = validate(model_.averagedEncoder, faces_, model_.device);
    if (v.pictures == 0) {
        spdlog::warn(
            "nobody to validate on: of the persons kept out, one in 16, fewer than two have a near-frontal picture");
        return std::nan("");
    }
    threshold_ = v.threshold;
    const bool profiles = !std::isnan(v.profileEer);
    spdlog::info("validation: {} pictures{}  EER frontal {:.2f} %  frontal-profile {}  threshold {:.3f}", v.pictures,
                 v.ofViews ? ", one of each person, with worsened and turned views of them" : "", 100 * v.frontalEer,
                 profiles ? fmt::format("{:.2f} %", 100 * v.profileEer) : "not measured", v.threshold);
    return profiles ? (v.frontalEer + v.profileEer) / 2 : v.frontalEer;
}

void Trainer::evaluate() {
    const Clock::time_point from = Clock::now();
    double score = std::nan("");
    if (options_.stage != Stage::Decoder) {
        score = validateEncoder();
    } else if (threshold_ == 0 && step_ == options_.steps) {
        validateEncoder();
    }
    if (!validation_.empty()) {
        score = validateLikeness(model_, options_, validation_);
        spdlog::info("validation: {:.4f}, the generator's terms but the adversarial one", score);
    }
    if (model_.averagedDecoder && leads()) {
        const auto write = [&](const std::string& name, bool inputs) {
            writeGrid(folder_.path(name), model_.averagedEncoder, model_.averagedDecoder, model_.averagedAppearance,
                      faces_, model_.device, inputs, options_.batch.targetSide);
        };
        write(fmt::format("grid-{:06}.png", step_), true);
        write("generated.png", false);
    }
    if (leads() && score < best_) {
        best_ = score;
        folder_.saveBest(checkpoint(), step_);
    }
    progress_.skip(from);
}

Checkpoint Trainer::checkpoint() const {
    Checkpoint result;
    model_.save(result);
    auto& m = result.metadata;
    m["step"] = std::to_string(step_);
    noteSpeed(options_, m);
    if (threshold_ != 0) {
        m["match_threshold"] = fmt::format("{:.4f}", threshold_);
    }
    m["best_score"] = fmt::format("{}", best_);
    m["image_size"] = std::to_string(faces_.imageSize());
    m["align_eyes"] = fmt::format("{},{}", faces_.alignEyesX(), faces_.alignEyesY());
    m["align_eye_mouth"] = fmt::format("{}", faces_.alignEyeMouth());
    m["pose_yaws"] = fmt::format("{}", fmt::join(options_.batch.poseYaws, ","));
    return result;
}

}  // namespace drgan::train
