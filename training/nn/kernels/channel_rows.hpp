// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstdint>
#include <vector>

/// For operations of our own on the CPU: a map [N,C,H,W] with the channels last, or [N,C], as rows of C values.
namespace drgan::nn::rows {

/// Blocks into which the rows are cut whatever the number of threads, so that sums do not depend on it.
constexpr int64_t blocks = 32;

/// Whether the CPU's memory holds rows of channels, [N,C] as usual, [N,C,H,W] with the channels last, of floats or of
/// bfloat16.
inline bool areIn(const torch::Tensor& x) {
    return x.device().is_cpu() && x.numel() > 0 &&
           (x.scalar_type() == torch::kFloat32 || x.scalar_type() == torch::kBFloat16) &&
           ((x.dim() == 2 && x.is_contiguous()) ||
            (x.dim() == 4 && x.is_contiguous(torch::MemoryFormat::ChannelsLast)));
}

/// The same values as rows of channels.
inline torch::Tensor of(const torch::Tensor& x) {
    return x.dim() == 4 ? x.contiguous(torch::MemoryFormat::ChannelsLast) : x.contiguous();
}

using Values = std::vector<float>;

/// bfloat16 to float and back; NaN stays NaN.
void widen(const uint16_t* from, float* to, int64_t n);
void narrow(const float* from, uint16_t* to, int64_t n);

/// Rows of a map that has any.
inline int64_t count(const torch::Tensor& x) { return x.numel() / x.size(1); }

/// function(block, first row, row after the last)
template <typename Function>
void forBlocks(int64_t rows, Function&& function) {
    at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
        for (int64_t block = begin; block < end; ++block) {
            function(block, rows * block / blocks, rows * (block + 1) / blocks);
        }
    });
}

/// A map of floats or bfloat16 as floats, a stretch of whole rows at a time.
class Stretches {
public:
    explicit Stretches(const torch::Tensor& x)
        : channels_(x.size(1)),
          rows_(std::max<int64_t>(1, 1024 / channels_)),
          half_(x.scalar_type() == torch::kBFloat16),
          memory_(x.data_ptr()) {}

    int64_t rows() const { return rows_; }  ///< in a stretch, at most
    int64_t length() const { return rows_ * channels_; }

    /// One value a channel, said again for each row of a stretch.
    Values repeated(const float* ofChannels) const {
        Values result(length());
        for (int64_t i = 0; i < length(); ++i) {
            result[i] = ofChannels[i % channels_];
        }
        return result;
    }
    /// The n values from this row on: where they lie, or widened into the buffer.
    const float* read(int64_t row, int64_t n, float* buffer) const {
        if (!half_) {
            return static_cast<const float*>(memory_) + row * channels_;
        }
        widen(static_cast<const uint16_t*>(memory_) + row * channels_, buffer, n);
        return buffer;
    }
    void copy(int64_t row, int64_t n, float* to) const {
        const float* from = read(row, n, to);
        if (from != to) {
            std::copy_n(from, n, to);
        }
    }
    void write(int64_t row, int64_t n, const float* values) const {
        if (half_) {
            narrow(values, static_cast<uint16_t*>(memory_) + row * channels_, n);
        } else {
            std::copy_n(values, n, static_cast<float*>(memory_) + row * channels_);
        }
    }
    /// function(first row, values) for every stretch of these rows
    template <typename Function>
    void forEach(int64_t from, int64_t to, Function&& function) const {
        for (int64_t row = from; row < to; row += rows_) {
            function(row, std::min(rows_, to - row) * channels_);
        }
    }

private:
    int64_t channels_, rows_;
    bool half_;
    void* memory_;
};

}  // namespace drgan::nn::rows

// For loops over a row. Branches and possible aliases would keep the compiler from using vector instructions, so
// neither is left in them.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define DRGAN_VECTOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define DRGAN_VECTOR
#endif
