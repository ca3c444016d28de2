// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/Parallel.h>
#include <torch/torch.h>

/// For operations of our own on the CPU: a map [N,C,H,W] with the channels last, or [N,C], as rows of C values.
namespace drgan::nn::rows {

/// Blocks into which the rows are cut whatever the number of threads, so that sums do not depend on it.
constexpr int64_t blocks = 32;

/// Whether memory holds rows of channels: [N,C] as usual, [N,C,H,W] with the channels last.
inline bool areIn(const torch::Tensor& x) {
    return x.device().is_cpu() && ((x.dim() == 2 && x.is_contiguous()) ||
                                   (x.dim() == 4 && x.is_contiguous(torch::MemoryFormat::ChannelsLast)));
}

/// The same values as rows of channels.
inline torch::Tensor of(const torch::Tensor& x) {
    return x.dim() == 4 ? x.contiguous(torch::MemoryFormat::ChannelsLast) : x.contiguous();
}

inline int64_t count(const torch::Tensor& x) { return x.size(1) > 0 ? x.numel() / x.size(1) : 0; }

/// function(block, first row, row after the last)
template <typename Function>
void forBlocks(int64_t rows, Function&& function) {
    at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
        for (int64_t block = begin; block < end; ++block) {
            function(block, rows * block / blocks, rows * (block + 1) / blocks);
        }
    });
}

}  // namespace drgan::nn::rows

// For loops over a row. Branches and possible aliases would keep the compiler from using vector instructions, so
// neither is left in them.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define DRGAN_VECTOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define DRGAN_VECTOR
#endif
