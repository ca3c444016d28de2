// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.hpp"
#include "run/options.hpp"

namespace drgan::train {

/// Set by a signal handler: the run saves a checkpoint after the current step and ends.
extern std::atomic<bool> stopRequested;

/// Whether a run saves a checkpoint after this step: every RunOptions::checkpointEvery steps. Not by the clock: so the
/// numbered checkpoints of a run are the same ones on any machine. The last step's is saved at the end.
bool isCheckpointDue(const RunOptions& options, int64_t step);

/// What a run leaves on the disk: config.toml (and config-until-STEP.toml, where it went otherwise until that step),
/// metrics.csv and checkpoints.
class RunFolder {
public:
    /// @param keep numbered checkpoints to keep beside the last and the best one
    /// @param columns of metrics.csv after step and rate: all that a run of this kind has
    RunFolder(std::string folder, int keep, std::vector<std::string> columns);

    /// Makes the folder, or opens that of a run to go on with; metrics.csv then loses the lines after its checkpoint.
    /// @return the last checkpoint of the run that goes on; nothing for a fresh run
    /// @throws std::runtime_error if the folder holds a run that nobody asked to resume, holds none that could be
    /// resumed, or cannot be written
    std::optional<Checkpoint> open(const std::string& config, bool resume);

    /// Appends a line; a column without a value stays empty.
    /// @throws std::runtime_error if a value is not finite or the file cannot be written
    void addMetrics(int64_t step, double rate, const std::map<std::string, double>& values);

    /// @throws std::runtime_error if a tensor is not finite or the file cannot be written
    void saveLast(const Checkpoint& checkpoint, int64_t step);
    void saveBest(const Checkpoint& checkpoint, int64_t step);

    std::string path(const std::string& name) const;

private:
    void write(const Checkpoint& checkpoint, int64_t step, const char* name) const;
    [[noreturn]] void diverged(int64_t step, const std::string& what) const;

    std::string folder_;
    int keep_;
    std::vector<std::string> columns_;
    std::ofstream metrics_;
};

/// How fast a run is and how long it will take.
class Progress {
public:
    using Clock = std::chrono::steady_clock;
    void begin(int64_t step);
    void add(int64_t images) { images_ += images; }
    /// Time that does not count against the speed: an evaluation since then.
    void skip(Clock::time_point since) { from_ += Clock::now() - since; }
    /// "step 20/100  48.1 images/s  ETA 0:01:20"; counts from here.
    std::string line(int64_t step, int64_t steps);

private:
    Clock::time_point from_;
    int64_t step_ = 0, images_ = 0;  // step: of the line before
};

}  // namespace drgan::train
