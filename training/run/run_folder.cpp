// SPDX-License-Identifier: Apache-2.0
#include "run/run_folder.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace drgan::train {

namespace fs = std::filesystem;

std::atomic<bool> stopRequested{false};

namespace {

constexpr const char* checkpointFile = "last.safetensors";
constexpr const char* bestFile = "best.safetensors";
constexpr const char* metricsFile = "metrics.csv";

/// Drops the lines of metrics.csv that a resumed run will write again.
void cutMetrics(const fs::path& path, int64_t step) {
    std::ifstream in(path);
    std::ostringstream kept;
    for (std::string line; std::getline(in, line);) {
        if (line.rfind("step,", 0) == 0 || std::strtoll(line.c_str(), nullptr, 10) <= step) {
            kept << line << '\n';
        }
    }
    in.close();
    std::ofstream(path) << kept.str();
}

/// Writes config.toml of a run that goes on; one that said otherwise until `step` is kept beside it.
void changeConfig(const fs::path& path, const std::string& config, int64_t step) {
    std::ifstream in(path);
    const std::string former(std::istreambuf_iterator<char>(in), {});
    in.close();
    if (former == config) {
        return;
    }
    if (!former.empty()) {
        fs::rename(path, path.parent_path() / fmt::format("config-until-{:06}.toml", step));
    }
    std::ofstream(path) << config;
}

std::string clockTime(double s) {
    const auto whole = static_cast<int64_t>(s);
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace

bool isCheckpointDue(const RunOptions& options, int64_t step) {
    return options.checkpointEvery > 0 && step % options.checkpointEvery == 0 && step < options.steps;
}

RunFolder::RunFolder(std::string folder, int keep, std::vector<std::string> columns)
    : folder_(std::move(folder)), keep_(keep), columns_(std::move(columns)) {}

std::string RunFolder::path(const std::string& name) const { return (fs::path(folder_) / name).string(); }

std::optional<Checkpoint> RunFolder::open(const std::string& config, bool resume) {
    std::optional<Checkpoint> last;
    if (fs::exists(path(checkpointFile))) {
        if (!resume) {
            throw std::runtime_error(folder_ +
                                     " holds a run already: give --resume to go on with it, or another folder");
        }
        last = Checkpoint::load(path(checkpointFile));
        const int64_t step = std::stoll(last->metadata.at("step"));
        cutMetrics(path(metricsFile), step);
        spdlog::info("{}: going on after step {}", path(checkpointFile), step);
        changeConfig(path("config.toml"), config, step);
    } else if (resume) {
        throw std::runtime_error(folder_ + " holds no checkpoint (" + checkpointFile +
                                 ") to go on from: without --resume a run starts there");
    } else {
        fs::create_directories(folder_);
        std::ofstream(path("config.toml")) << config;
        fs::remove(path(metricsFile));
    }
    metrics_.open(path(metricsFile), std::ios::app);
    if (!metrics_) {
        throw std::runtime_error(path(metricsFile) + ": cannot be written");
    }
    return last;
}

void RunFolder::addMetrics(int64_t step, double rate, const std::map<std::string, double>& values) {
    if (metrics_.tellp() == 0) {
        // Terms that come and go from step to step would shift columns: the header names all of them.
        metrics_ << "step,rate";
        for (const auto& name : columns_) {
            metrics_ << ',' << name;
        }
        metrics_ << '\n';
    }
    metrics_ << step << ',' << rate;
    for (const auto& name : columns_) {
        metrics_ << ',';
        const auto it = values.find(name);
        if (it == values.end()) {
            continue;
        }
        if (!std::isfinite(it->second)) {
            diverged(step, fmt::format("the loss '{}' is {}", name, it->second));
        }
        metrics_ << it->second;
    }
    metrics_ << '\n' << std::flush;
    if (!metrics_) {
        throw std::runtime_error(path(metricsFile) + ": cannot be written (disk full?)");
    }
}

void RunFolder::diverged(int64_t step, const std::string& what) const {
    throw std::runtime_error(fmt::format(
        "step {}: {}: the run has diverged. The checkpoint in {} is the last good state; a lower --rate may help", step,
        what, folder_));
}

void RunFolder::write(const Checkpoint& checkpoint, int64_t step, const char* name) const {
    for (const auto& [tensorName, tensor] : checkpoint.tensors) {
        if (!torch::isfinite(tensor).all().item<bool>()) {
            diverged(step, "'" + tensorName + "' holds numbers that are not finite");
        }
    }
    checkpoint.save(path(name));
}

void RunFolder::saveBest(const Checkpoint& checkpoint, int64_t step) { write(checkpoint, step, bestFile); }

void RunFolder::saveLast(const Checkpoint& checkpoint, int64_t step) {
    write(checkpoint, step, checkpointFile);
    spdlog::info("step {}: checkpoint saved", step);
    if (keep_ > 0) {
        const fs::path numbered = path(fmt::format("step-{:06}.safetensors", step));
        std::error_code none;
        fs::remove(numbered, none);
        fs::create_hard_link(path(checkpointFile), numbered, none);  // no second copy on the disk, where links exist
        if (none) {
            fs::copy_file(path(checkpointFile), numbered, fs::copy_options::overwrite_existing);
        }
    }
    std::map<int64_t, fs::path> kept;  // by step: as names, step-1000000 would come before step-999999
    for (const auto& entry : fs::directory_iterator(folder_)) {
        const std::string name = entry.path().filename().string();
        if (name.rfind("step-", 0) == 0 && entry.path().extension() == ".safetensors") {
            kept[std::strtoll(name.c_str() + 5, nullptr, 10)] = entry.path();
        }
    }
    while (kept.size() > static_cast<size_t>(keep_)) {
        fs::remove(kept.begin()->second);
        kept.erase(kept.begin());
    }
}

void Progress::begin(int64_t step) {
    step_ = step;
    images_ = 0;
    from_ = Clock::now();
}

std::string Progress::line(int64_t step, int64_t steps) {
    const double elapsed = std::chrono::duration<double>(Clock::now() - from_).count();
    const double left =
        elapsed / static_cast<double>(std::max<int64_t>(1, step - step_)) * static_cast<double>(steps - step);
    std::string result = fmt::format("step {}/{}  {:.1f} images/s  ETA {}", step, steps,
                                     static_cast<double>(images_) / elapsed, clockTime(left));
    begin(step);
    return result;
}

}  // namespace drgan::train
