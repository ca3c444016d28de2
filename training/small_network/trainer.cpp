// SPDX-License-Identifier: Apache-2.0
#include "small_network/trainer.hpp"

#include <spdlog/spdlog.h>

#include <cmath>
#include <stdexcept>

#include "nn/process_group.hpp"
#include "run/optimisation.hpp"
#include "run/parallel.hpp"
#include "run/prefetch.hpp"
#include "run/speed.hpp"

namespace drgan::train {

SmallNetworkTrainer::SmallNetworkTrainer(SmallNetworkOptions options, Kind kind, nn::Graph network)
    : device_(localDevice(options.device)),
      faces_(options.faces),
      network_(std::move(network)),
      averaged_(frozenCopy(network_)),
      folder_(options.run, options.keep, kind.columns),
      common_(std::move(options)),
      kind_(std::move(kind)),
      best_(std::numeric_limits<double>::infinity() * (kind_.lowerIsBetter ? 1 : -1)) {
    if (nn::group().size() > 1) {
        throw std::runtime_error("the " + kind_.name +
                                 " is small: it learns in one process (WORLD_SIZE asks for several)");
    }
    for (nn::Graph* each : {&network_, &averaged_}) {
        (*each)->to(device_);
        toMemoryFormat(*each);
    }
    AdamW::Options rates;
    rates.weightDecay = common_.weightDecay;
    optimiser_ = std::make_unique<AdamW>(network_->parameters(), rates);
}

void SmallNetworkTrainer::open(const std::string& config) {
    if (const auto last = folder_.open(config, common_.resume)) {
        restore(*last);
    }
}

void SmallNetworkTrainer::restore(const Checkpoint& checkpoint) {
    restoreInto(network_, checkpoint, kind_.name);
    restoreInto(averaged_, checkpoint, averagedName());
    restoreMoments(checkpoint, "optimiser", *optimiser_);
    step_ = std::stoll(checkpoint.metadata.at("step"));
    best_ = numberIn(checkpoint.metadata, "best_score", best_);
    restoreMore(checkpoint);
}

void SmallNetworkTrainer::run() {
    std::unique_ptr<Prefetch<Learn>> stream;
    const auto drawAhead = [&] {
        stream = std::make_unique<Prefetch<Learn>>([this](int64_t step) { return draw(step); }, step_,
                                                   common_.batch.threads);
    };
    drawAhead();
    progress_.begin(step_);
    while (step_ < common_.steps && !stopRequested) {
        const Learn learn = stream->next();
        network_->train();
        const Loss loss = learn();
        update(*optimiser_, loss.sum, rateAt(common_.learningRate, step_, common_.warmup, common_.steps));
        ++step_;
        moveAverage(averaged_, network_, decayAt(common_.averaging, step_));
        progress_.add(kind_.batchSize);
        const bool evaluates = step_ % common_.evaluateEvery == 0 || step_ == common_.steps;
        if (evaluates) {
            const auto from = Progress::Clock::now();
            judge();
            if (evaluationChangesBatches()) {
                stream.reset();
            }
            evaluated();
            if (!stream) {
                drawAhead();
            }
            progress_.skip(from);
        }
        if (evaluates || step_ % common_.logEvery == 0) {
            log(loss.terms);
        }
        if (isCheckpointDue(common_, step_)) {
            folder_.saveLast(checkpoint(), step_);
        }
    }
    stream.reset();
    folder_.saveLast(checkpoint(), step_);
}

void SmallNetworkTrainer::judge() {
    const std::optional<double> score = evaluate();
    if (score && (kind_.lowerIsBetter ? *score < best_ : *score > best_)) {
        best_ = *score;
        folder_.saveBest(checkpoint(), step_);
    }
}

void SmallNetworkTrainer::keepMeasured(const std::map<std::string, double>& all) {
    for (const auto& [name, value] : all) {
        if (!std::isnan(value)) {
            measured_[name] = value;
        }
    }
}

int64_t SmallNetworkTrainer::weightCount() const {
    int64_t weights = 0;
    for (const auto& p : network_->parameters()) {
        weights += p.numel();
    }
    return weights;
}

void SmallNetworkTrainer::log(const std::map<std::string, torch::Tensor>& terms) {
    std::map<std::string, double> values;
    std::string line = progress_.line(step_, common_.steps);
    for (const auto& [name, value] : terms) {
        values[name] = value.item<double>();
        line += fmt::format("  {} {:.4f}", name, values[name]);
    }
    values.insert(measured_.begin(), measured_.end());
    measured_.clear();
    folder_.addMetrics(step_, rateAt(common_.learningRate, step_, common_.warmup, common_.steps), values);
    spdlog::info("{}", line);
}

Checkpoint SmallNetworkTrainer::checkpoint() const {
    Checkpoint result;
    result.addNetwork(kind_.name, network_);
    result.addNetwork(averagedName(), averaged_);
    saveMoments(result, "optimiser", *optimiser_);
    result.metadata["step"] = std::to_string(step_);
    noteSpeed(common_, result.metadata);
    result.metadata["best_score"] = fmt::format("{}", best_);
    addTo(result);
    return result;
}

nn::Graph startingNetwork(const std::string& checkpoint, const std::string& name) {
    return Checkpoint::load(checkpoint).network("averaged_" + name);
}

}  // namespace drgan::train
