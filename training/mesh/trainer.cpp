// SPDX-License-Identifier: Apache-2.0
#include "mesh/trainer.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "nn/models/face_mesh.hpp"
#include "run/mixed_precision.hpp"

namespace drgan::train {

namespace {

constexpr const char* name = "mesh";
constexpr int64_t mostValidated = 768;  // crops
constexpr int64_t cropsPerPicture = 4;  // at most, of a small set's pictures in validation
constexpr size_t startMeshes = 1024;    // whose principal components the network begins with

const std::vector<std::string> columns{"mesh",       "depth",       "score",      "error_front", "error_half",
                                       "error_side", "depth_front", "depth_half", "depth_side",  "auc"};

}  // namespace

nn::Graph firstNetwork(const MeshOptions& o) {
    torch::manual_seed(o.batch.seed);
    return o.start.empty() ? nn::faceMesh({meshSide, o.meshWidth, o.features}) : startingNetwork(o.start, name);
}

MeshTrainer::MeshTrainer(const MeshOptions& options, const std::string& config)
    : SmallNetworkTrainer(options, {name, columns, true, options.crops.count}, firstNetwork(options)),
      options_(options),
      sampler_(faces_, options_.batch, options_.crops) {
    if (!options_.backgrounds.empty()) {
        photos_ = std::make_unique<Backgrounds>(options_.backgrounds);
        sampler_.setPhotos(*photos_, {});
    }
    if (!options_.validationBackgrounds.empty()) {
        otherPhotos_ = std::make_unique<Backgrounds>(options_.validationBackgrounds);
    }
    if (options_.start.empty()) {
        startFromSet();
    }
    prepareValidation();
    open(config);
    spdlog::info("{} pictures to learn from, {} crops to validate on, {} parameters to learn", sampler_.faces(),
                 validationBatches_ * options_.crops.count, weightCount());
}

void MeshTrainer::startFromSet() {
    const std::vector<float> meshes = sampler_.drawMeshes(startMeshes);
    const torch::Tensor rows = torch::tensor(meshes).view({static_cast<int64_t>(startMeshes), -1});
    for (nn::Graph* network : {&network_, &averaged_}) {
        nn::startFromMeshes(*network, rows.to(device_));
    }
}

void MeshTrainer::prepareValidation() {
    SamplingOptions how = options_.batch;
    how.validation = true;
    how.augmentation = {0, 0, 0, 0, 0, 0};
    try {
        validation_ = std::make_unique<MeshSampler>(faces_, how, options_.crops);
        if (otherPhotos_) {
            validation_->setPhotos(*otherPhotos_, {});
        }
        const auto crops = std::min(mostValidated, cropsPerPicture * static_cast<int64_t>(validation_->faces()));
        validationBatches_ = (crops + options_.crops.count - 1) / options_.crops.count;
    } catch (const std::runtime_error& e) {
        spdlog::warn("{}: nothing to validate the mesh on", e.what());
    }
}

MeshTrainer::Learn MeshTrainer::draw(int64_t step) {
    return [this, batch = sampler_.draw(step)] { return learn(batch); };
}

MeshTrainer::Loss MeshTrainer::learn(const MeshBatch& batch) {
    nn::Edges found;
    {
        const MixedPrecision half(options_);
        found = network_->forward({{nn::meshImage, meshInput(batch, device_)}});
    }
    const torch::Tensor face = torch::tensor(batch.face).to(device_);
    const torch::Tensor target = torch::tensor(batch.mesh).view({face.size(0), -1}).to(device_);
    const nn::MeshLosses losses = nn::meshLosses(found.at(nn::meshPlaces), target, face);
    Loss loss;
    loss.terms = {{"mesh", losses.places},
                  {"depth", losses.depth},
                  {"score", nn::faceLoss(found.at(nn::meshFace).flatten(), face)}};
    loss.sum = options_.landmarkWeight * losses.places + options_.depthWeight * losses.depth +
               options_.scoreWeight * loss.terms["score"];
    return loss;
}

std::optional<double> MeshTrainer::evaluate() {
    if (!validation_) {
        return {};
    }
    const MeshErrors errors = validateMesh(averaged_, *validation_, validationBatches_, device_);
    keepMeasured({{"error_front", errors.places[0]},
                  {"error_half", errors.places[1]},
                  {"error_side", errors.places[2]},
                  {"depth_front", errors.depth[0]},
                  {"depth_half", errors.depth[1]},
                  {"depth_side", errors.depth[2]},
                  {"auc", errors.auc}});
    spdlog::info(
        "validation: points {:.2f} % of the eyes' distance below 15 degrees, {:.2f} % below 45, {:.2f} % beyond; depth "
        "{:.2f}, {:.2f} and {:.2f} %; AUC {:.4f}",
        100 * errors.places[0], 100 * errors.places[1], 100 * errors.places[2], 100 * errors.depth[0],
        100 * errors.depth[1], 100 * errors.depth[2], errors.auc);
    return errors.score();
}

void MeshTrainer::addTo(Checkpoint& checkpoint) const {
    checkpoint.metadata["crop_factor"] = fmt::format("{}", cropFactor);
}

}  // namespace drgan::train
