// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "checkpoint/checkpoint.hpp"
#include "dr_gan/options.hpp"
#include "dr_gan/stored_embeddings.hpp"
#include "io/face_set.hpp"
#include "nn/models/networks.hpp"
#include "run/adamw.hpp"

namespace drgan::train {

/// Everything that a run learns, with its optimisers.
class Model {
public:
    /// Builds the networks, or takes them from --start, for `persons` training persons.
    Model(const DrGanOptions& options, const io::FaceSet& faces, int64_t persons);

    nn::Graph encoder{nullptr}, decoder{nullptr};
    nn::Graph appearance{nullptr}, averagedAppearance{nullptr};    ///< with DrGanOptions::appearance only
    nn::Graph discriminator{nullptr};                              ///< with an adversarial term only
    nn::Graph projection{nullptr};                                 ///< embedding -> the teacher's space
    nn::Graph averagedEncoder{nullptr}, averagedDecoder{nullptr};  ///< moving averages: what is exported
    torch::Tensor classes;     ///< [Nd,Nf] learned in place of templates where there is no teacher; else undefined
    nn::Graph judge{nullptr};  ///< frozen copy of the encoder that the run began with, giving its maps too: what
                               ///< identity and perceptual terms look with
    StoredEmbeddings stored;   ///< of the frozen encoder, where they are made once; else undefined
    std::unique_ptr<AdamW> optimiser, discriminatorOptimiser;
    torch::Device device;

    /// Whether the discriminator is strong (see DrGanOptions::strongDiscriminator), and the moving average that says
    /// so.
    struct Strength {
        torch::Tensor toldApart;  ///< scalar on the device; undefined before the first step
        bool strong = false;
    } strength;

    /// Sets training or evaluation mode as the stage wants it.
    void train();
    /// Moves the averages towards the networks.
    void average(double decay);

    /// Makes every process's networks and moments those of process 0.
    void share();

    void save(Checkpoint& checkpoint) const;
    void restore(const Checkpoint& checkpoint);

private:
    void build(const DrGanOptions& options, const io::FaceSet& faces, int64_t persons);
    void freeze(const DrGanOptions& options);
    std::vector<std::pair<std::string, nn::Graph>> networks() const;

    Stage stage_;
    bool confidenceOnly_;
    std::vector<size_t> frozen_;  // nodes of the encoder that stay as they are, statistics and all
};

}  // namespace drgan::train
