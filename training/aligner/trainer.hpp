// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "aligner/options.hpp"
#include "aligner/validation.hpp"
#include "small_network/trainer.hpp"

namespace drgan::train {

/// The network that a run begins with, on the CPU.
nn::Graph firstNetwork(const AlignerOptions& options);

/// A run of the aligner stage.
class AlignerTrainer : public SmallNetworkTrainer {
public:
    /// @param config the resolved options as TOML, kept in the run's folder
    AlignerTrainer(const AlignerOptions& options, const std::string& config);

private:
    void drawValidation();
    Learn draw(int64_t step) override;
    Loss learn(const AlignerBatch& batch);
    std::optional<double> evaluate() override;
    void addTo(Checkpoint& checkpoint) const override;

    AlignerOptions options_;
    std::unique_ptr<LabelledScenes> labelled_;  // where they are given
    AlignerSampler sampler_;
    std::unique_ptr<Backgrounds> photos_, otherPhotos_;  // to learn and to validate on; null: none
    std::vector<AlignerBatch> validation_;               // of persons kept out
};

}  // namespace drgan::train
