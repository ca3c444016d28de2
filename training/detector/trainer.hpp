// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "detector/detections.hpp"
#include "detector/options.hpp"
#include "small_network/trainer.hpp"

namespace drgan::train {

/// The network that a run begins with, on the CPU.
nn::Graph firstNetwork(const DetectorOptions& options);

/// A run of the detector stage.
class DetectorTrainer : public SmallNetworkTrainer {
public:
    /// @param config the resolved options as TOML, kept in the run's folder
    DetectorTrainer(const DetectorOptions& options, const std::string& config);

    const std::vector<HardNegative>& hardNegatives() const { return hardNegatives_; }

private:
    void drawValidation();
    Learn draw(int64_t step) override;
    Loss learn(const DetectorBatch& batch);
    std::optional<double> evaluate() override;
    void evaluated() override;  // searches the backgrounds for hard negatives
    bool evaluationChangesBatches() const override { return true; }
    std::vector<std::vector<Detection>> find(const std::vector<float>& planes, double least);
    void addTo(Checkpoint& checkpoint) const override;
    void restoreMore(const Checkpoint& checkpoint) override;

    DetectorOptions options_;
    Backgrounds backgrounds_;
    std::unique_ptr<Backgrounds> otherBackgrounds_;  // of validation, where they are given
    std::unique_ptr<LabelledScenes> labelled_;       // where they are given
    DetectorSampler sampler_;
    std::vector<DetectorBatch> validation_;    // of persons kept out
    std::vector<HardNegative> hardNegatives_;  // newest first
};

}  // namespace drgan::train
