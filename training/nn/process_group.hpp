// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <memory>

/// Training on several processes at once, each with its share of every batch: what has to be summed over all of them so
/// that they do as one process with the whole batch would.
namespace drgan::nn {

/// The processes of a run. Every process makes the same calls in the same order.
class Group {
public:
    virtual ~Group() = default;
    virtual int rank() const = 0;  ///< of this process, from 0
    virtual int size() const = 0;
    /// Replaces a tensor by its sum over all processes. @throws std::exception where another process is gone
    virtual void sum(torch::Tensor& tensor) = 0;
    /// Replaces a tensor by that of process 0.
    virtual void broadcast(torch::Tensor& tensor) = 0;
};

/// The group that this process belongs to; until one is set, a group of this process only.
Group& group();
/// @param group null: this process only
/// @return the former one
std::shared_ptr<Group> setGroup(std::shared_ptr<Group> group);

/// Sum over all processes, through which gradients pass.
torch::Tensor sumAcross(const torch::Tensor& x);

/// Mean over all processes of what each has, from shares of equal size.
torch::Tensor averageAcross(const torch::Tensor& x);

/// sum(x) / sum(count) with both sums over all processes, times the number of processes: as every process's gradients
/// are averaged in the end, a mean over unequal shares comes out as one over the whole batch.
torch::Tensor meanAcross(const torch::Tensor& sum, const torch::Tensor& count);

/// This process's rows of torch::rand({rows x processes, columns}).
torch::Tensor randAcross(int64_t rows, int64_t columns);

/// Batch normalisation [N,C,H,W]: the module's forward(); in training by the statistics of all processes' pictures.
torch::Tensor batchNorm(torch::nn::BatchNorm2dImpl& module, const torch::Tensor& x);

}  // namespace drgan::nn
