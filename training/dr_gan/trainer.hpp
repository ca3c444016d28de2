// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>

#include "dr_gan/model.hpp"
#include "dr_gan/steps.hpp"
#include "run/run_folder.hpp"

namespace drgan::train {

/// A training run: its loop, its folder, and going on after a stop.
class Trainer {
public:
    /// @param config the resolved options as TOML, kept in the run's folder
    Trainer(DrGanOptions options, const std::string& config);
    void run();

    int64_t step() const { return step_; }  ///< steps done
    Model& model() { return model_; }

private:
    bool leads() const;  ///< of several processes, this is the one that writes
    void openFolder(const std::string& config);
    void drawValidation();
    void share();
    void restore(const Checkpoint& checkpoint);
    double rate(double highest) const;
    void log(const Losses& losses);
    void evaluate();
    double validateEncoder();
    bool stopsNow() const;
    Checkpoint checkpoint() const;

    DrGanOptions options_;
    io::FaceSet faces_;
    Sampler sampler_;
    Model model_;
    Targets targets_;
    int64_t step_ = 0;
    double threshold_ = 0;                                   // 0: not known
    double best_ = std::numeric_limits<double>::infinity();  // validation score, lower is better
    std::vector<Batch> validation_;                          // of persons kept out, for the decoder
    RunFolder folder_;
    Progress progress_;
};

}  // namespace drgan::train
