// SPDX-License-Identifier: Apache-2.0
#include "nn/prelu.hpp"

#include "nn/rows.hpp"

namespace drgan::nn {

namespace {

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
        const int64_t channels = x.size(1), count = rows::count(x);
        torch::Tensor y = torch::empty_like(x);
        const float* in = x.data_ptr<float>();
        const float* a = slope.data_ptr<float>();
        float* out = y.data_ptr<float>();
        rows::forBlocks(count, [&](int64_t, int64_t from, int64_t to) {
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
        const torch::Tensor gradient = rows::of(gradients[0]);
        const int64_t channels = x.size(1), count = rows::count(x);
        torch::Tensor ofX = torch::empty_like(x), ofSlope = torch::zeros({rows::blocks, channels});
        const float* in = x.data_ptr<float>();
        const float* g = gradient.data_ptr<float>();
        const float* a = slope.data_ptr<float>();
        float* out = ofX.data_ptr<float>();
        float* sums = ofSlope.data_ptr<float>();
        rows::forBlocks(count, [&](int64_t block, int64_t from, int64_t to) {
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
    const bool fast =
        rows::areIn(x) && x.scalar_type() == torch::kFloat32 && slope.is_contiguous() && slope.numel() == x.size(1);
    return fast ? FastPRelu::apply(x, slope) : torch::prelu(x, slope);
}

}  // namespace drgan::nn
