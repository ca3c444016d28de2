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
#include "run/picture.hpp"
#include "run/random.hpp"
#include "small_network/hard_negatives.hpp"

namespace drgan::train {

namespace contract = cv::drgan::contract;

namespace {

constexpr const char* name = "detector";
constexpr size_t validationPictures = 192;  // at most
constexpr size_t picturesPerFace = 4;       // at most, of a small set's faces in validation
constexpr size_t shownPictures = 16;        // of the first batches of validation
constexpr double leastScore = 0.02;         // of the detections that average precision is taken over
constexpr double sureScore = 0.5;

// Hard negatives are searched for in squares of any size of the backgrounds; the newest are kept.
constexpr double hardNegativeScore = 0.3;
constexpr size_t mostNegatives = 1024, squaresPerPhoto = 2;
constexpr uint64_t miningSeed = 0x6d696e65;

const std::vector<std::string> columns{"score",  "box",       "landmarks",       "average_precision",
                                       "recall", "precision", "error_landmarks", "false_per_picture"};

}  // namespace

nn::Graph firstNetwork(const DetectorOptions& o) {
    torch::manual_seed(o.batch.seed);
    if (!o.start.empty()) {
        return startingNetwork(o.start, name);
    }
    return o.detector.empty() ? nn::detector({o.detectorWidth})
                              : nn::detectorFromYunet(o.detector.substr(std::string("onnx:").size()));
}

DetectorTrainer::DetectorTrainer(const DetectorOptions& options, const std::string& config)
    : SmallNetworkTrainer(options, {name, columns, false, options.scenes.count}, firstNetwork(options)),
      options_(options),
      backgrounds_(options_.backgrounds),
      sampler_(faces_, backgrounds_, options_.batch, options_.scenes) {
    if (!options_.photos.empty()) {
        labelled_ = std::make_unique<LabelledScenes>(options_.photos, options_.photoFaces, options_.sureScore);
        sampler_.setScenes(labelled_.get());
    }
    if (!options_.validationBackgrounds.empty()) {
        otherBackgrounds_ = std::make_unique<Backgrounds>(options_.validationBackgrounds);
    }
    drawValidation();
    open(config);
    spdlog::info("{} faces to put into {} backgrounds, {} batches to validate on, {} parameters to learn",
                 sampler_.faces(), backgrounds_.size(), validation_.size(), weightCount());
}

void DetectorTrainer::drawValidation() {
    SamplingOptions how = options_.batch;
    how.validation = true;
    try {
        DetectorSampler sampler(faces_, otherBackgrounds_ ? *otherBackgrounds_ : backgrounds_, how, options_.scenes);
        sampler.setScenes(labelled_.get());
        const auto count = static_cast<size_t>(options_.scenes.count);
        const size_t pictures = std::min(validationPictures, picturesPerFace * sampler.faces());
        for (size_t i = 0; i < (pictures + count - 1) / count; ++i) {
            validation_.push_back(sampler.draw(static_cast<int64_t>(i)));
        }
    } catch (const std::runtime_error& e) {
        spdlog::warn("{}: nothing to validate the detector on", e.what());
    }
}

void DetectorTrainer::restoreMore(const Checkpoint& checkpoint) {
    hardNegatives_ = hardNegativesIn(checkpoint, backgrounds_, options_.backgrounds);
    sampler_.setHardNegatives(hardNegatives_);
}

DetectorTrainer::Learn DetectorTrainer::draw(int64_t step) {
    return [this, batch = sampler_.draw(step)] { return learn(batch); };
}

DetectorTrainer::Loss DetectorTrainer::learn(const DetectorBatch& batch) {
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
    return {sum, {{"score", losses.score}, {"box", losses.box}, {"landmarks", losses.landmarks}}};
}

std::vector<std::vector<Detection>> DetectorTrainer::find(const std::vector<float>& planes, double least) {
    const torch::NoGradGuard noGrad;
    averaged_->eval();
    return detections(
        averaged_->forward({{contract::detectorImage, nn::fromPlanes(planes, options_.scenes.side, device_)}}), least);
}

std::optional<double> DetectorTrainer::evaluate() {
    std::vector<std::vector<Detection>> found;
    std::vector<std::vector<SceneFace>> truth;
    std::vector<float> shown;
    for (const DetectorBatch& batch : validation_) {
        const auto of = find(batch.pictures, leastScore);
        found.insert(found.end(), of.begin(), of.end());
        truth.insert(truth.end(), batch.faces.begin(), batch.faces.end());
        if (shown.size() < shownPictures * batch.pictures.size() / batch.faces.size()) {
            shown.insert(shown.end(), batch.pictures.begin(), batch.pictures.end());
        }
    }
    if (found.empty()) {
        return {};
    }
    const DetectorErrors errors = detectorErrors(found, truth, sureScore);
    keepMeasured({{"average_precision", errors.averagePrecision},
                  {"recall", errors.recall},
                  {"precision", errors.precision},
                  {"error_landmarks", errors.landmarks}});
    spdlog::info(
        "validation: average precision {:.4f}; at a score of {}, {:.1f} % of the faces found, {:.1f} % of the "
        "detections true, landmarks {:.2f} % of the eye-mouth distance",
        errors.averagePrecision, sureScore, 100 * errors.recall, 100 * errors.precision, 100 * errors.landmarks);
    std::vector<std::vector<Detection>> drawn(found.begin(), found.begin() + std::min(shownPictures, found.size()));
    for (auto& faces : drawn) {
        faces.erase(std::remove_if(faces.begin(), faces.end(), [](const auto& d) { return d.score < 0.3F; }),
                    faces.end());
    }
    writeDetections(folder_.path(fmt::format("found-{:06}.png", step_)), shown, options_.scenes.side, drawn);
    return errors.averagePrecision;
}

void DetectorTrainer::evaluated() {
    std::mt19937_64 random(mixed(options_.batch.seed ^ miningSeed, static_cast<uint64_t>(step_)));
    const int size = options_.scenes.side;
    std::vector<HardNegative> fresh;
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
            appendPlanes(backgrounds_.cut(photo, square, size, false), planes);
            squares.push_back(square);
        }
        const auto found = find(planes, hardNegativeScore);
        for (size_t i = 0; i < found.size(); ++i) {
            const double scale = squares[i].side / size, middle = size / 2.0;
            for (const Detection& d : found[i]) {
                const double x = squares[i].x + (d.box.x + d.box.width / 2 - middle) * scale;
                const double y = squares[i].y + (d.box.y + d.box.height / 2 - middle) * scale;
                fresh.push_back({photo, {x, y, std::max(d.box.width, d.box.height) * scale, 0}});
                sure += d.score >= sureScore ? 1 : 0;
            }
        }
    }
    const double each = static_cast<double>(sure) / static_cast<double>(backgrounds_.size() * squaresPerPhoto);
    measured_["false_per_picture"] = each;
    spdlog::info("backgrounds: {} hard negatives to learn from, {:.3f} a picture at a score of {}", fresh.size(), each,
                 sureScore);
    fresh.insert(fresh.end(), hardNegatives_.begin(), hardNegatives_.end());
    fresh.resize(std::min(fresh.size(), mostNegatives));
    hardNegatives_ = std::move(fresh);
    sampler_.setHardNegatives(hardNegatives_);
}

void DetectorTrainer::addTo(Checkpoint& checkpoint) const {
    addHardNegatives(checkpoint, hardNegatives_);
    checkpoint.metadata["detector_image_size"] = std::to_string(options_.scenes.side);
}

}  // namespace drgan::train
