// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "nn/process_group.hpp"

namespace drgan::train {

/// The process group that RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT describe, as torchrun and its like set them:
/// NCCL for cuda where LibTorch has it, else Gloo. On cuda, the process should use device cuda:LOCAL_RANK.
/// @return null where WORLD_SIZE is not set or 1
/// @throws std::invalid_argument naming the variable that is missing or wrong, std::runtime_error where the other
/// processes cannot be reached or this LibTorch was built without process groups
std::shared_ptr<nn::Group> joinGroup(const std::string& device);

/// "cpu", or "cuda": of several devices the one that LOCAL_RANK names.
torch::Device localDevice(const std::string& name);

}  // namespace drgan::train
