// SPDX-License-Identifier: Apache-2.0
#include "detector/trainer.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "detector/cell_targets.hpp"
#include "nn/models/detector.hpp"
#include "nn/models/networks.hpp"
#include "opencv2/drgan/model_contract.hpp"
#include "run/mixed_precision.hpp"
#include "run/optimisation.hpp"
#include "run/parallel.hpp"
#include "run/random.hpp"
#include "small_network/hard_negatives.hpp"
#include "small_network/trainer.hpp"

namespace drgan::train {

namespace contract = cv::drgan::contract;
using Clock = std::chrono::steady_clock;

namespace {

constexpr const char* liveName = "detector";
constexpr const char* averagedName = "averaged_detector";
constexpr size_t validationPictures = 192;  // at most
constexpr size_t picturesPerFace = 4;       // at most, of a small set's faces in validation
constexpr size_t shownPictures = 16;        // of the first batches of validation
constexpr double leastScore = 0.02;         // of the finds that average precision is taken over
constexpr double sureScore = 0.5;

// Backgrounds are searched for false finds in squares of any size; the newest finds are kept.
constexpr double mistakenScore = 0.3;
constexpr size_t mostFinds = 1024, squaresPerPhoto = 2;
constexpr uint64_t miningSeed = 0x6d696e65;

const std::vector<std::string> columns{"score",  "box",       "landmarks",       "average_precision",
                                       "recall", "precision", "error_landmarks", "false_per_picture"};

nn::Graph firstNetwork(const Options& o) {
    torch::manual_seed(o.batch.seed);
    return o.start.empty() ? nn::detector({o.detectorWidth}) : Checkpoint::load(o.start).network(averagedName);
}

}  // namespace

DetectorTrainer::DetectorTrainer(Options options, const std::string& config)
    : options_(std::move(options)),
      device_(localDevice(options_.device)),
      faces_(options_.faces),
      backgrounds_(options_.backgrounds),
      sampler_(faces_, backgrounds_, options_.batch, options_.scenes),
      network_(firstNetwork(options_)),
      averaged_(frozenCopy(network_)),
      folder_(options_.run, options_.keep, columns) {
    if (nn::group().size() > 1) {
        throw std::runtime_error("the detector is small: it learns in one process (WORLD_SIZE asks for several)");
    }
    if (!options_.validationBackgrounds.empty()) {
        otherBackgrounds_ = std::make_unique<Backgrounds>(options_.validationBackgrounds);
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
    spdlog::info("{} faces to put into {} backgrounds, {} batches to validate on, {} parameters to learn",
                 sampler_.faces(), backgrounds_.size(), validation_.size(), weightCount(network_));
}

void DetectorTrainer::drawValidation() {
    BatchOptions how = options_.batch;
    how.validation = true;
    try {
        const DetectorSampler sampler(faces_, otherBackgrounds_ ? *otherBackgrounds_ : backgrounds_, how,
                                      options_.scenes);
        const auto count = static_cast<size_t>(options_.scenes.count);
        const size_t pictures = std::min(validationPictures, picturesPerFace * sampler.faces());
        for (size_t i = 0; i < (pictures + count - 1) / count; ++i) {
            validation_.push_back(sampler.draw(static_cast<int64_t>(i)));
        }
    } catch (const std::runtime_error& e) {
        spdlog::warn("{}: nothing to validate the detector on", e.what());
    }
}

void DetectorTrainer::restore(const Checkpoint& checkpoint) {
    restoreInto(network_, checkpoint, liveName);
    restoreInto(averaged_, checkpoint, averagedName);
    restoreMoments(checkpoint, "optimiser", *optimiser_);
    step_ = std::stoll(checkpoint.metadata.at("step"));
    best_ = numberIn(checkpoint.metadata, "best_score", best_);
    falseFinds_ = falseFindsIn(checkpoint, backgrounds_, options_.backgrounds);
    sampler_.setFalseFinds(falseFinds_);
}

void DetectorTrainer::run() {
    const auto draw = [this](int64_t step) { return sampler_.draw(step); };
    const auto drawAhead = [&] {
        stream_ = std::make_unique<Ahead<DetectorBatch>>(draw, step_, options_.batch.threads);
    };
    drawAhead();
    Clock::time_point lastSave = Clock::now();
    progress_.begin(step_);
    while (step_ < options_.steps && !stopRequested) {
        const auto losses = learn(stream_->next());
        ++step_;
        moveAverage(averaged_, network_, decayAt(options_.averaging, step_));
        progress_.add(options_.scenes.count);
        const bool evaluates = step_ % options_.evaluateEvery == 0 || step_ == options_.steps;
        if (evaluates) {
            evaluate();
            const Clock::time_point from = Clock::now();
            // From here on pictures are drawn with the new finds: those drawn ahead do not know them.
            stream_.reset();
            mine();
            drawAhead();
            progress_.skip(from);
        }
        if (evaluates || step_ % options_.logEvery == 0) {
            logStep(options_, step_, losses, measured_, folder_, progress_);
        }
        if (Clock::now() - lastSave > std::chrono::duration<double>(options_.checkpointMinutes * 60)) {
            folder_.saveLast(checkpoint(), step_);
            lastSave = Clock::now();
        }
    }
    stream_.reset();
    folder_.saveLast(checkpoint(), step_);
}

std::map<std::string, torch::Tensor> DetectorTrainer::learn(const DetectorBatch& batch) {
    network_->train();
    nn::Edges found;
    {
        const MixedPrecision half(options_);
        found = network_->forward(
            {{contract::detectorImage, nn::fromPlanes(batch.pictures, options_.scenes.side, device_)}});
    }
    std::vector<nn::CellTargets> targets = cellTargets(batch.faces, options_.scenes.side, options_.scenes.side);
    for (nn::CellTargets& t : targets) {
        t = {t.score.to(device_), t.positive.to(device_), t.box.to(device_), t.landmarks.to(device_)};
    }
    const nn::DetectorLosses losses = nn::detectorLosses(found, targets);
    const torch::Tensor sum = options_.scoreWeight * losses.score + options_.boxWeight * losses.box +
                              options_.landmarkWeight * losses.landmarks;
    update(*optimiser_, sum, rateAt(options_.learningRate, step_, options_.warmup, options_.steps));
    return {{"score", losses.score}, {"box", losses.box}, {"landmarks", losses.landmarks}};
}

std::vector<std::vector<Detection>> DetectorTrainer::find(const std::vector<float>& planes, double least) {
    const torch::NoGradGuard noGrad;
    averaged_->eval();
    return detections(
        averaged_->forward({{contract::detectorImage, nn::fromPlanes(planes, options_.scenes.side, device_)}}), least);
}

void DetectorTrainer::evaluate() {
    const Clock::time_point from = Clock::now();
    std::vector<std::vector<Detection>> found;
    std::vector<std::vector<Landmarks>> truth;
    std::vector<float> shown;
    for (const DetectorBatch& batch : validation_) {
        const auto of = find(batch.pictures, leastScore);
        found.insert(found.end(), of.begin(), of.end());
        truth.insert(truth.end(), batch.faces.begin(), batch.faces.end());
        if (shown.size() < shownPictures * batch.pictures.size() / batch.faces.size()) {
            shown.insert(shown.end(), batch.pictures.begin(), batch.pictures.end());
        }
    }
    if (!found.empty()) {
        const DetectorErrors errors = detectorErrors(found, truth, sureScore);
        keepMeasured({{"average_precision", errors.averagePrecision},
                      {"recall", errors.recall},
                      {"precision", errors.precision},
                      {"error_landmarks", errors.landmarks}},
                     measured_);
        spdlog::info(
            "validation: average precision {:.4f}; at a score of {}, {:.1f} % of the faces found, {:.1f} % of the "
            "finds "
            "true, landmarks {:.2f} % of the eye-mouth distance",
            errors.averagePrecision, sureScore, 100 * errors.recall, 100 * errors.precision, 100 * errors.landmarks);
        std::vector<std::vector<Detection>> drawn(found.begin(), found.begin() + std::min(shownPictures, found.size()));
        for (auto& faces : drawn) {
            faces.erase(std::remove_if(faces.begin(), faces.end(), [](const auto& d) { return d.score < 0.3F; }),
                        faces.end());
        }
        writeDetections(folder_.path(fmt::format("found-{:06}.png", step_)), shown, options_.scenes.side, drawn);
        if (errors.averagePrecision > best_) {
            best_ = errors.averagePrecision;
            folder_.saveBest(checkpoint(), step_);
        }
    }
    progress_.skip(from);
}

void DetectorTrainer::mine() {
    std::mt19937_64 random(mixed(options_.batch.seed ^ miningSeed, static_cast<uint64_t>(step_)));
    const int size = options_.scenes.side;
    std::vector<FalseFind> fresh;
    size_t sure = 0;
    for (size_t photo = 0; photo < backgrounds_.size(); ++photo) {
        std::vector<float> planes;
        std::vector<Square> squares;
        for (size_t i = 0; i < squaresPerPhoto; ++i) {
            const double width = backgrounds_.width(photo), height = backgrounds_.height(photo);
            Square square;
            square.side = std::min(width, height) * uniform(random, 0.3, 1);
            square.x = uniform(random, square.side / 2, width - square.side / 2);
            square.y = uniform(random, square.side / 2, height - square.side / 2);
            const std::vector<float> cut = backgrounds_.cut(photo, square, size, false);
            planes.insert(planes.end(), cut.begin(), cut.end());
            squares.push_back(square);
        }
        const auto found = find(planes, mistakenScore);
        for (size_t i = 0; i < found.size(); ++i) {
            const double scale = squares[i].side / size, middle = (size - 1) / 2.0;
            for (const Detection& d : found[i]) {
                const double x = squares[i].x + (d.x + d.width / 2 - middle) * scale;
                const double y = squares[i].y + (d.y + d.height / 2 - middle) * scale;
                fresh.push_back({photo, {x, y, std::max(d.width, d.height) * scale, 0}});
                sure += d.score >= sureScore ? 1 : 0;
            }
        }
    }
    const double each = static_cast<double>(sure) / static_cast<double>(backgrounds_.size() * squaresPerPhoto);
    measured_["false_per_picture"] = each;
    spdlog::info("backgrounds: {} false finds to learn from, {:.3f} a picture at a score of {}", fresh.size(), each,
                 sureScore);
    fresh.insert(fresh.end(), falseFinds_.begin(), falseFinds_.end());
    fresh.resize(std::min(fresh.size(), mostFinds));
    falseFinds_ = std::move(fresh);
    sampler_.setFalseFinds(falseFinds_);
}

Checkpoint DetectorTrainer::checkpoint() const {
    Checkpoint result;
    result.addNetwork(liveName, network_);
    result.addNetwork(averagedName, averaged_);
    saveMoments(result, "optimiser", *optimiser_);
    addFalseFinds(result, falseFinds_);
    auto& m = result.metadata;
    m["step"] = std::to_string(step_);
    m["best_score"] = fmt::format("{}", best_);
    m["detector_image_size"] = std::to_string(options_.scenes.side);
    return result;
}

}  // namespace drgan::train
