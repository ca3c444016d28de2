// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <fstream>
#include <limits>

#include "train/model.hpp"
#include "train/steps.hpp"

namespace drgan::train {

/// Set by a signal handler: the run saves a checkpoint after the current step and ends.
extern std::atomic<bool> stopRequested;

/// A training run: its loop, its folder, and going on after a stop.
class Trainer {
public:
    /// @param config the resolved options as TOML, kept in the run's folder
    Trainer(Options options, const std::string& config);
    void run();

    int64_t step() const { return step_; }  ///< steps done
    Model& model() { return model_; }

private:
    bool leads() const;  ///< of several processes, this is the one that writes
    void openFolder(const std::string& config);
    void drawValidation();
    void share();
    void restore();
    double rate(double highest) const;
    void log(const Losses& losses);
    void evaluate();
    double validateEncoder();
    bool stopsNow() const;
    [[noreturn]] void diverged(const std::string& what) const;
    void save();
    void write(const char* name);

    Options options_;
    io::FaceSet faces_;
    Sampler sampler_;
    Model model_;
    Targets targets_;
    int64_t step_ = 0, pictures_ = 0;                        // pictures: since the last progress line
    double threshold_ = 0;                                   // 0: not known
    double best_ = std::numeric_limits<double>::infinity();  // validation score, lower is better
    std::vector<Batch> validation_;                          // of persons kept out, for the decoder
    std::chrono::steady_clock::time_point lastLog_, lastSave_;
    std::ofstream metrics_;
    std::vector<std::string> columns_;
};

}  // namespace drgan::train
