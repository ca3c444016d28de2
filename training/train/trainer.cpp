// SPDX-License-Identifier: Apache-2.0
#include "train/trainer.hpp"

#include <spdlog/spdlog.h>

#include <cmath>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "train/validation.hpp"

namespace drgan::train {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::atomic<bool> stopRequested{false};

namespace {

constexpr const char* checkpointFile = "last.safetensors";

double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }

std::string clockTime(double s) {
    const auto whole = static_cast<int64_t>(s);
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

/// Drops the lines of metrics.csv that a resumed run will write again.
void cutMetrics(const fs::path& path, int64_t step) {
    std::ifstream in(path);
    std::ostringstream kept;
    for (std::string line; std::getline(in, line);) {
        if (line.rfind("step,", 0) == 0 || std::strtoll(line.c_str(), nullptr, 10) <= step) {
            kept << line << '\n';
        }
    }
    in.close();
    std::ofstream(path) << kept.str();
}

}  // namespace

Trainer::Trainer(Options options, const std::string& config)
    : options_(std::move(options)),
      faces_(options_.faces),
      sampler_(faces_, options_.batch),
      model_(options_, faces_, static_cast<int64_t>(sampler_.persons())),
      targets_(readTargets(faces_, sampler_.faceSetPersons())) {
    if (targets_.templates.defined()) {
        targets_.templates = targets_.templates.to(model_.device);
    }
    if (options_.batch.codesPerPerson > 0) {
        model_.codes = readOrMakeCodes(options_.codes, model_.averagedEncoder, sampler_, model_.device, stopRequested);
    }
    const fs::path folder(options_.run);
    fs::create_directories(folder);
    const bool exists = fs::exists(folder / checkpointFile);
    if (exists && !options_.resume) {
        throw std::runtime_error(options_.run +
                                 " holds a run already: give --resume to go on with it, or another folder");
    }
    if (exists) {
        restore();
        cutMetrics(folder / "metrics.csv", step_);
    } else {
        if (!options_.start.empty()) {  // what an encoder that stays as it is has been given already
            const auto metadata = io::SafetensorsFile(options_.start).metadata();
            const auto it = metadata.find("match_threshold");
            threshold_ = it == metadata.end() ? 0 : std::stod(it->second);
        }
        std::ofstream(folder / "config.toml") << config;
        fs::remove(folder / "metrics.csv");
    }
    metrics_.open(folder / "metrics.csv", std::ios::app);
    if (!metrics_) {
        throw std::runtime_error((folder / "metrics.csv").string() + ": cannot be written");
    }
    spdlog::info("{} faces, {} training persons, {} parameters to learn", faces_.size(), sampler_.persons(), [&] {
        int64_t count = 0;
        for (const auto& p : model_.optimiser->parameters()) {
            count += p.numel();
        }
        return count;
    }());
}

void Trainer::restore() {
    const std::string path = (fs::path(options_.run) / checkpointFile).string();
    const Checkpoint checkpoint = Checkpoint::load(path);
    model_.restore(checkpoint);
    step_ = std::stoll(checkpoint.metadata.at("step"));
    threshold_ = std::stod(checkpoint.metadata.at("match_threshold"));
    spdlog::info("{}: going on after step {}", path, step_);
}

double Trainer::rate(double highest) const {
    if (step_ < options_.warmup) {
        return highest * static_cast<double>(step_ + 1) / static_cast<double>(options_.warmup);
    }
    const double done = static_cast<double>(step_ - options_.warmup) /
                        static_cast<double>(std::max<int64_t>(1, options_.steps - options_.warmup));
    return highest * 0.5 * (1 + std::cos(M_PI * std::min(1.0, done)));
}

void Trainer::run() {
    BatchStream stream(sampler_, step_);
    lastLog_ = lastSave_ = Clock::now();
    while (step_ < options_.steps && !stopRequested) {
        const Batch batch = stream.next();
        // Noise depends on the step alone, so that a resumed run draws what the unbroken one would have.
        torch::manual_seed(options_.batch.seed * 1000003 + static_cast<uint64_t>(step_));
        model_.train();
        const Losses losses = options_.stage == Stage::Encoder
                                  ? encoderStep(model_, targets_, options_, batch, rate(options_.learningRate))
                                  : generatorStep(model_, targets_, options_, batch, rate(options_.learningRate),
                                                  rate(options_.discriminatorRate));
        ++step_;
        model_.average(
            std::min(options_.averaging, (1.0 + static_cast<double>(step_)) / (10.0 + static_cast<double>(step_))));
        pictures_ += static_cast<int64_t>(batch.person.size());
        if (step_ % options_.logEvery == 0 || step_ == options_.steps) {
            log(losses);
        }
        if (step_ % options_.evaluateEvery == 0 || step_ == options_.steps) {
            evaluate();
        }
        if (seconds(Clock::now() - lastSave_) > options_.checkpointMinutes * 60) {
            save();
        }
    }
    save();
}

void Trainer::log(const Losses& losses) {
    std::string line;
    if (columns_.empty()) {
        // Terms that come and go with n would shift columns: the header names all that a run of this kind has.
        columns_ = {"template",       "margin",   "fused_template", "fused_margin", "hold",         "confidence",
                    "reconstruction", "identity", "perceptual",     "adversarial",  "discriminator"};
        if (metrics_.tellp() == 0) {
            metrics_ << "step,rate";
            for (const auto& name : columns_) {
                metrics_ << ',' << name;
            }
            metrics_ << '\n';
        }
    }
    metrics_ << step_ << ',' << rate(options_.learningRate);
    for (const auto& name : columns_) {
        metrics_ << ',';
        const auto it = losses.find(name);
        if (it == losses.end()) {
            continue;
        }
        const double value = it->second.item<double>();
        if (!std::isfinite(value)) {
            throw std::runtime_error(
                fmt::format("step {}: the loss '{}' is {}: the run has diverged. The checkpoint in {} is the last good "
                            "state; a lower "
                            "--rate may help",
                            step_, name, value, options_.run));
        }
        metrics_ << value;
        line += fmt::format("  {} {:.3f}", name, value);
    }
    metrics_ << '\n' << std::flush;
    if (!metrics_) {
        throw std::runtime_error(options_.run + "/metrics.csv: cannot be written (disk full?)");
    }
    const double elapsed = seconds(Clock::now() - lastLog_);
    const double left = elapsed / static_cast<double>(options_.logEvery) * static_cast<double>(options_.steps - step_);
    spdlog::info("step {}/{}  {:.1f} images/s  ETA {}{}", step_, options_.steps,
                 static_cast<double>(pictures_) / elapsed, clockTime(left), line);
    pictures_ = 0;
    lastLog_ = Clock::now();
}

void Trainer::evaluate() {
    const Clock::time_point from = Clock::now();
    if (options_.stage != Stage::Decoder || (threshold_ == 0 && step_ == options_.steps)) {
        const Validation v = validate(model_.averagedEncoder, faces_, model_.device);
        threshold_ = v.threshold;
        spdlog::info("validation: {} pictures  EER frontal {:.2f} %  frontal-profile {:.2f} %  threshold {:.3f}",
                     v.pictures, 100 * v.frontalEer, 100 * v.profileEer, v.threshold);
    }
    if (model_.averagedDecoder) {
        const fs::path folder(options_.run);
        writeGrid((folder / fmt::format("grid-{:06}.png", step_)).string(), model_.averagedEncoder,
                  model_.averagedDecoder, faces_, model_.device, true, options_.batch.targetSide);
        writeGrid((folder / "generated.png").string(), model_.averagedEncoder, model_.averagedDecoder, faces_,
                  model_.device, false, options_.batch.targetSide);
    }
    lastLog_ += Clock::now() - from;  // evaluation does not count against the speed
}

void Trainer::save() {
    Checkpoint checkpoint;
    model_.save(checkpoint);
    auto& m = checkpoint.metadata;
    m["step"] = std::to_string(step_);
    m["match_threshold"] = fmt::format("{:.4f}", threshold_);
    m["image_size"] = std::to_string(faces_.imageSize());
    m["align_eyes"] = fmt::format("{},{}", faces_.alignEyesX(), faces_.alignEyesY());
    m["align_eye_mouth"] = fmt::format("{}", faces_.alignEyeMouth());
    m["pose_yaws"] = fmt::format("{}", fmt::join(options_.batch.poseYaws, ","));
    checkpoint.save((fs::path(options_.run) / checkpointFile).string());
    lastSave_ = Clock::now();
    spdlog::info("step {}: checkpoint saved", step_);
}

}  // namespace drgan::train
