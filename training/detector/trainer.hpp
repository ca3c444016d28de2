// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <memory>

#include "detector/batches.hpp"
#include "detector/detections.hpp"
#include "nn/graph/graph.hpp"
#include "run/adamw.hpp"
#include "run/prefetch.hpp"
#include "run/run_folder.hpp"
#include "train/options.hpp"

namespace drgan::train {

/// A run of the detector stage.
class DetectorTrainer {
public:
    /// @param config the resolved options as TOML, kept in the run's folder
    DetectorTrainer(Options options, const std::string& config);
    void run();

    int64_t step() const { return step_; }  ///< steps done
    const std::vector<FalseFind>& falseFinds() const { return falseFinds_; }

private:
    void drawValidation();
    void restore(const Checkpoint& checkpoint);
    std::map<std::string, torch::Tensor> learn(const DetectorBatch& batch);
    void evaluate();
    void mine();
    std::vector<std::vector<Detection>> find(const std::vector<float>& planes, double least);
    Checkpoint checkpoint() const;

    Options options_;
    torch::Device device_;
    io::FaceSet faces_;
    Backgrounds backgrounds_;
    std::unique_ptr<Backgrounds> otherBackgrounds_;  // of validation, where they are given
    DetectorSampler sampler_;
    std::unique_ptr<Ahead<DetectorBatch>> stream_;
    nn::Graph network_{nullptr}, averaged_{nullptr};
    std::unique_ptr<AdamW> optimiser_;
    std::vector<DetectorBatch> validation_;  // of persons kept out
    std::vector<FalseFind> falseFinds_;      // newest first
    int64_t step_ = 0;
    double best_ = -std::numeric_limits<double>::infinity();  // average precision
    std::map<std::string, double> measured_;                  // by the last evaluation, until it is logged
    RunFolder folder_;
    Progress progress_;
};

}  // namespace drgan::train
