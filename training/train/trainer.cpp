// SPDX-License-Identifier: Apache-2.0
#include "train/trainer.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "nn/across.hpp"
#include "train/validation.hpp"

namespace drgan::train {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::atomic<bool> stopRequested{false};

namespace {

constexpr const char* checkpointFile = "last.safetensors";
constexpr const char* bestFile = "best.safetensors";
constexpr int64_t validationBatches = 4;

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

double numberIn(const std::map<std::string, std::string>& metadata, const char* key, double otherwise) {
    const auto it = metadata.find(key);
    return it == metadata.end() ? otherwise : std::stod(it->second);
}

BatchOptions ofThisProcess(BatchOptions options) {
    options.rank = nn::group().rank();
    return options;
}

}  // namespace

Trainer::Trainer(Options options, const std::string& config)
    : options_(std::move(options)),
      faces_(options_.faces),
      sampler_(faces_, ofThisProcess(options_.batch)),
      model_(options_, faces_, static_cast<int64_t>(sampler_.persons())),
      targets_(readTargets(faces_, sampler_.faceSetPersons())) {
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
    if (options_.batch.codesPerPerson > 0) {
        model_.codes = readOrMakeCodes(options_.codes, model_.averagedEncoder, sampler_, model_.device, stopRequested);
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
            threshold_ = numberIn(io::SafetensorsFile(options_.start).metadata(), "match_threshold", 0);
        }
        std::ofstream(folder / "config.toml") << config;
        fs::remove(folder / "metrics.csv");
    }
    metrics_.open(folder / "metrics.csv", std::ios::app);
    if (!metrics_) {
        throw std::runtime_error((folder / "metrics.csv").string() + ": cannot be written");
    }
}

void Trainer::drawValidation() {
    BatchOptions how = options_.batch;
    how.validation = true;
    how.augmentation = {0, 0, 0, 0, 0, 0};
    how.pictures = 1;
    how.codesPerPerson = 0;
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

void Trainer::restore() {
    const std::string path = (fs::path(options_.run) / checkpointFile).string();
    const Checkpoint checkpoint = Checkpoint::load(path);
    model_.restore(checkpoint);
    step_ = std::stoll(checkpoint.metadata.at("step"));
    threshold_ = numberIn(checkpoint.metadata, "match_threshold", 0);
    best_ = numberIn(checkpoint.metadata, "best_score", best_);
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
    while (step_ < options_.steps && !stopsNow()) {
        const Batch batch = stream.next();
        // Noise depends on the step alone, so that a resumed run draws what the unbroken one would have.
        torch::manual_seed(options_.batch.seed * 1000003 + static_cast<uint64_t>(step_));
        model_.train();
        const Losses losses = options_.stage == Stage::Encoder
                                  ? encoderStep(model_, targets_, options_, batch, rate(options_.learningRate))
                                  : generatorStep(model_, targets_, options_, batch, step_, rate(options_.learningRate),
                                                  rate(options_.discriminatorRate));
        ++step_;
        model_.average(
            std::min(options_.averaging, (1.0 + static_cast<double>(step_)) / (10.0 + static_cast<double>(step_))));
        pictures_ += static_cast<int64_t>(batch.person.size()) * nn::group().size();
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
    std::string line;
    if (columns_.empty()) {
        // Terms that come and go with n would shift columns: the header names all that a run of this kind has.
        columns_ = {"template",   "margin",     "fused_template", "fused_margin",  "hold",
                    "confidence", "pair",       "source",         "mirror",        "reconstruction",
                    "identity",   "perceptual", "adversarial",    "discriminator", "told_apart"};
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
            diverged(fmt::format("the loss '{}' is {}", name, value));
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

double Trainer::validateEncoder() {
    const Validation v = validate(model_.averagedEncoder, faces_, model_.device);
    if (v.pictures == 0) {
        spdlog::warn("nobody to validate on: among the persons kept out, one in 16, no two have near-frontal pictures");
        return std::nan("");
    }
    threshold_ = v.threshold;
    const bool profiles = !std::isnan(v.profileEer);
    spdlog::info("validation: {} pictures  EER frontal {:.2f} %  frontal-profile {}  threshold {:.3f}", v.pictures,
                 100 * v.frontalEer, profiles ? fmt::format("{:.2f} %", 100 * v.profileEer) : "not measured",
                 v.threshold);
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
        const fs::path folder(options_.run);
        writeGrid((folder / fmt::format("grid-{:06}.png", step_)).string(), model_.averagedEncoder,
                  model_.averagedDecoder, faces_, model_.device, true, options_.batch.targetSide);
        writeGrid((folder / "generated.png").string(), model_.averagedEncoder, model_.averagedDecoder, faces_,
                  model_.device, false, options_.batch.targetSide);
    }
    if (leads() && score < best_) {
        best_ = score;
        write(bestFile);
    }
    lastLog_ += Clock::now() - from;  // evaluation does not count against the speed
}

void Trainer::diverged(const std::string& what) const {
    throw std::runtime_error(fmt::format(
        "step {}: {}: the run has diverged. The checkpoint in {} is the last good state; a lower --rate may help",
        step_, what, options_.run));
}

void Trainer::save() {
    lastSave_ = Clock::now();
    if (!leads()) {
        return;
    }
    write(checkpointFile);
    spdlog::info("step {}: checkpoint saved", step_);
    const fs::path folder(options_.run);
    if (options_.keep > 0) {
        const fs::path kept = folder / fmt::format("step-{:06}.safetensors", step_);
        std::error_code none;
        fs::remove(kept, none);
        fs::create_hard_link(folder / checkpointFile, kept, none);  // no second copy on the disk, where links exist
        if (none) {
            fs::copy_file(folder / checkpointFile, kept, fs::copy_options::overwrite_existing);
        }
    }
    std::vector<fs::path> old;
    for (const auto& entry : fs::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        if (name.rfind("step-", 0) == 0 && entry.path().extension() == ".safetensors") {
            old.push_back(entry.path());
        }
    }
    std::sort(old.begin(), old.end());
    for (size_t i = 0; i + static_cast<size_t>(options_.keep) < old.size(); ++i) {
        fs::remove(old[i]);
    }
}

void Trainer::write(const char* name) {
    Checkpoint checkpoint;
    model_.save(checkpoint);
    for (const auto& [tensorName, tensor] : checkpoint.tensors) {
        if (!torch::isfinite(tensor).all().item<bool>()) {
            diverged("'" + tensorName + "' holds numbers that are not finite");
        }
    }
    auto& m = checkpoint.metadata;
    m["step"] = std::to_string(step_);
    if (threshold_ != 0) {
        m["match_threshold"] = fmt::format("{:.4f}", threshold_);
    }
    m["best_score"] = fmt::format("{}", best_);
    m["image_size"] = std::to_string(faces_.imageSize());
    m["align_eyes"] = fmt::format("{},{}", faces_.alignEyesX(), faces_.alignEyesY());
    m["align_eye_mouth"] = fmt::format("{}", faces_.alignEyeMouth());
    m["pose_yaws"] = fmt::format("{}", fmt::join(options_.batch.poseYaws, ","));
    checkpoint.save((fs::path(options_.run) / name).string());
}

}  // namespace drgan::train
