// SPDX-License-Identifier: Apache-2.0
#include "nn/prelu.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

namespace drgan::nn {

namespace {

/// Blocks into which the rows are cut whatever the number of threads, so that sums do not depend on it.
constexpr int64_t blocks = 32;

/// Whether memory holds rows of channels: [N,C] as usual, [N,C,H,W] with the channels last.
bool hasChannelsLast(const torch::Tensor& x) {
    return x.device().is_cpu() && x.scalar_type() == torch::kFloat32 &&
           ((x.dim() == 2 && x.is_contiguous()) ||
            (x.dim() == 4 && x.is_contiguous(torch::MemoryFormat::ChannelsLast)));
}

template <typename Function>
void forBlocks(int64_t rows, Function&& function) {
    at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
        for (int64_t block = begin; block < end; ++block) {
            function(block, rows * block / blocks, rows * (block + 1) / blocks);
        }
    });
}

// Branches and possible aliases would keep the compiler from using vector instructions, so neither is left below.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define DRGAN_VECTOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define DRGAN_VECTOR
#endif

DRGAN_VECTOR void forwardRow(const float* __restrict x, const float* __restrict slope, float* __restrict y, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        const float v = x[i], a = slope[i];
        y[i] = v * (v > 0 ? 1.F : a);
    }
}

DRGAN_VECTOR void backwardRow(const float* __restrict x, const float* __restrict slope,
                              const float* __restrict gradient, float* __restrict ofX, float* __restrict ofSlope,
                              int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        const float v = x[i], a = slope[i], g = gradient[i];
        ofX[i] = g * (v > 0 ? 1.F : a);
        ofSlope[i] += g * (v > 0 ? 0.F : v);
    }
}

class FastPRelu : public torch::autograd::Function<FastPRelu> {
public:
    static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                                 const torch::Tensor& slope) {
        context->save_for_backward({x, slope});
        const int64_t channels = x.size(1), rows = channels > 0 ? x.numel() / channels : 0;
        torch::Tensor y = torch::empty_like(x);
        const float* in = x.data_ptr<float>();
        const float* a = slope.data_ptr<float>();
        float* out = y.data_ptr<float>();
        forBlocks(rows, [&](int64_t, int64_t from, int64_t to) {
            for (int64_t row = from; row < to; ++row) {
                forwardRow(in + row * channels, a, out + row * channels, channels);
            }
        });
        return y;
    }

    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::tensor_list& gradients) {
        const auto saved = context->get_saved_variables();
        const torch::Tensor &x = saved[0], &slope = saved[1];
        const torch::Tensor gradient =
            x.dim() == 4 ? gradients[0].contiguous(torch::MemoryFormat::ChannelsLast) : gradients[0].contiguous();
        const int64_t channels = x.size(1), rows = channels > 0 ? x.numel() / channels : 0;
        torch::Tensor ofX = torch::empty_like(x), ofSlope = torch::zeros({blocks, channels});
        const float* in = x.data_ptr<float>();
        const float* g = gradient.data_ptr<float>();
        const float* a = slope.data_ptr<float>();
        float* out = ofX.data_ptr<float>();
        float* sums = ofSlope.data_ptr<float>();
        forBlocks(rows, [&](int64_t block, int64_t from, int64_t to) {
            for (int64_t row = from; row < to; ++row) {
                const int64_t at = row * channels;
                backwardRow(in + at, a, g + at, out + at, sums + block * channels, channels);
            }
        });
        return {ofX, ofSlope.sum(0)};
    }
};

}  // namespace

torch::Tensor prelu(const torch::Tensor& x, const torch::Tensor& slope) {
    if (x.scalar_type() != slope.scalar_type()) {  // under autocast
        return x.device().is_cpu() ? nn::prelu(x.to(slope.scalar_type()), slope)
                                   : torch::prelu(x, slope.to(x.scalar_type()));
    }
    const bool fast = hasChannelsLast(x) && slope.is_contiguous() && slope.numel() == x.size(1);
    return fast ? FastPRelu::apply(x, slope) : torch::prelu(x, slope);
}

}  // namespace drgan::nn
