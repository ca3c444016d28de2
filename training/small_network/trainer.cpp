// SPDX-License-Identifier: Apache-2.0
#include "small_network/trainer.hpp"

#include <spdlog/spdlog.h>

#include <cmath>

#include "run/optimisation.hpp"

namespace drgan::train {

int64_t weightCount(const nn::Graph& network) {
    int64_t weights = 0;
    for (const auto& p : network->parameters()) {
        weights += p.numel();
    }
    return weights;
}

void keepMeasured(const std::map<std::string, double>& all, std::map<std::string, double>& measured) {
    for (const auto& [name, value] : all) {
        if (!std::isnan(value)) {
            measured[name] = value;
        }
    }
}

void logStep(const Options& options, int64_t step, const std::map<std::string, torch::Tensor>& losses,
             std::map<std::string, double>& measured, RunFolder& folder, Progress& progress) {
    std::map<std::string, double> values;
    std::string line = progress.line(step, options.steps);
    for (const auto& [name, value] : losses) {
        values[name] = value.item<double>();
        line += fmt::format("  {} {:.4f}", name, values[name]);
    }
    values.insert(measured.begin(), measured.end());
    measured.clear();
    folder.addMetrics(step, rateAt(options.learningRate, step, options.warmup, options.steps), values);
    spdlog::info("{}", line);
}

}  // namespace drgan::train
