// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <memory>

#include "aligner/validation.hpp"
#include "nn/graph/graph.hpp"
#include "run/adamw.hpp"
#include "run/run_folder.hpp"
#include "train/options.hpp"

namespace drgan::train {

/// A run of the aligner stage.
class AlignerTrainer {
public:
    /// @param config the resolved options as TOML, kept in the run's folder
    AlignerTrainer(Options options, const std::string& config);
    void run();

    int64_t step() const { return step_; }  ///< steps done

private:
    void drawValidation();
    void restore(const Checkpoint& checkpoint);
    std::map<std::string, torch::Tensor> learn(const AlignerBatch& batch);
    void evaluate();
    Checkpoint checkpoint() const;

    Options options_;
    torch::Device device_;
    io::FaceSet faces_;
    AlignerSampler sampler_;
    std::unique_ptr<Backgrounds> photos_, otherPhotos_;  // to learn and to validate on; null: none
    nn::Graph network_{nullptr}, averaged_{nullptr};
    std::unique_ptr<AdamW> optimiser_;
    std::vector<AlignerBatch> validation_;  // of persons kept out
    int64_t step_ = 0;
    double best_ = std::numeric_limits<double>::infinity();  // AlignerErrors::score
    std::map<std::string, double> measured_;                 // by the last evaluation, until it is logged
    RunFolder folder_;
    Progress progress_;
};

}  // namespace drgan::train
