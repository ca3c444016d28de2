// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/face_set.hpp"
#include "nn/graph/graph.hpp"
#include "run/adamw.hpp"
#include "run/run_folder.hpp"
#include "small_network/options.hpp"

namespace drgan::train {

/// A run of one small network, aligner or detector: its loop, its folder, and going on after a stop. What the network
/// learns from and how it is judged is the derived class's.
class SmallNetworkTrainer {
public:
    virtual ~SmallNetworkTrainer() = default;
    void run();
    int64_t step() const { return step_; }  ///< steps done

protected:
    struct Kind {
        std::string name;                  ///< of the network in checkpoints: "aligner"
        std::vector<std::string> columns;  ///< of metrics.csv
        bool lowerIsBetter = false;        ///< scores of evaluate()
        int batchSize = 0;                 ///< pictures of a step, for the speed in the log
    };
    struct Loss {
        torch::Tensor sum;                           ///< scalar that is minimised
        std::map<std::string, torch::Tensor> terms;  ///< unweighted, for the log
    };
    /// Learns from a batch that has been drawn.
    using Learn = std::function<Loss()>;

    /// @param network to start from
    /// @throws std::runtime_error where WORLD_SIZE asks for several processes
    SmallNetworkTrainer(SmallNetworkOptions options, Kind kind, nn::Graph network);

    /// Makes the run's folder, or goes on with the run in it. For the end of a derived constructor.
    /// @param config the resolved options as TOML, kept in the folder
    void open(const std::string& config);

    /// Draws the batch of a step; called from several threads at once.
    virtual Learn draw(int64_t step) = 0;
    /// Measures the averaged network, into measured_. @return the score; nothing or NaN: not measured
    virtual std::optional<double> evaluate() = 0;
    /// Called after an evaluation; where evaluationChangesBatches(), while no batch is drawn.
    virtual void evaluated() {}
    /// Whether evaluated() changes what is drawn, so that batches drawn ahead are drawn again.
    virtual bool evaluationChangesBatches() const { return false; }
    /// What a checkpoint holds beside the network, and how it comes back.
    virtual void addTo(Checkpoint& checkpoint) const = 0;
    virtual void restoreMore(const Checkpoint&) {}

    /// Takes over what an evaluation measured, but for what there was nothing to measure on: NaN.
    void keepMeasured(const std::map<std::string, double>& all);
    int64_t weightCount() const;  ///< numbers that the network learns

    torch::Device device_;
    io::FaceSet faces_;
    nn::Graph network_{nullptr}, averaged_{nullptr};
    std::map<std::string, double> measured_;  // by the last evaluation, until it is logged
    int64_t step_ = 0;
    RunFolder folder_;

private:
    std::string averagedName() const { return "averaged_" + kind_.name; }
    void restore(const Checkpoint& checkpoint);
    void judge();
    void log(const std::map<std::string, torch::Tensor>& terms);
    Checkpoint checkpoint() const;

    SmallNetworkOptions common_;
    Kind kind_;
    std::unique_ptr<AdamW> optimiser_;
    double best_ = 0;  // score
    Progress progress_;
};

/// The averaged network that a checkpoint holds under "averaged_NAME".
nn::Graph startingNetwork(const std::string& checkpoint, const std::string& name);

}  // namespace drgan::train
