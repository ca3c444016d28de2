// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <map>
#include <string>

#include "nn/graph/graph.hpp"

namespace drgan::train {

/// A training state on disk: one safetensors file (no pickle; readable from Python), written atomically.
///
/// Networks carry their structure (metadata "graph.NAME") beside their weights ("NAME.parameter"), so that a checkpoint
/// is enough to go on, to export, or to start another run.
class Checkpoint {
public:
    std::map<std::string, torch::Tensor> tensors;
    std::map<std::string, std::string> metadata;

    void addNetwork(const std::string& name, const nn::Graph& network);
    bool hasNetwork(const std::string& name) const;
    /// @throws std::runtime_error naming the checkpoint's missing or misshapen tensor.
    nn::Graph network(const std::string& name) const;
    /// What the metadata have under this key. @throws std::runtime_error naming the key where they have nothing
    const std::string& value(const std::string& key) const;

    /// @throws std::runtime_error naming the path and the reason; an older file at the path stays whole.
    void save(const std::string& path) const;
    static Checkpoint load(const std::string& path);

private:
    std::string path_;
};

}  // namespace drgan::train
