// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "mesh/options.hpp"
#include "mesh/validation.hpp"
#include "small_network/trainer.hpp"

namespace drgan::train {

/// The network that a run begins with, on the CPU.
nn::Graph firstNetwork(const MeshOptions& options);

/// A run of the mesh stage: it learns the meshes that are stored in a set.
class MeshTrainer : public SmallNetworkTrainer {
public:
    /// @param config the resolved options as TOML, kept in the run's folder
    MeshTrainer(const MeshOptions& options, const std::string& config);

private:
    void startFromSet();
    void prepareValidation();
    Learn draw(int64_t step) override;
    Loss learn(const MeshBatch& batch);
    std::optional<double> evaluate() override;
    void addTo(Checkpoint& checkpoint) const override;

    MeshOptions options_;
    MeshSampler sampler_;
    std::unique_ptr<Backgrounds> photos_, otherPhotos_;  // to learn and to validate on; null: none
    std::unique_ptr<MeshSampler> validation_;            // of persons kept out; null: there are none
    int64_t validationBatches_ = 0;
};

}  // namespace drgan::train
