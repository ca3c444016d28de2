// SPDX-License-Identifier: Apache-2.0
#include "nn/kernels/prelu.hpp"

#include <algorithm>

#include "nn/kernels/channel_rows.hpp"

namespace drgan::nn {

namespace {

using rows::Stretches;
using rows::Values;

DRGAN_VECTOR void forwardRow(const float* __restrict x, const float* __restrict slope, float* __restrict y, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        y[i] = std::max(x[i], 0.F) + slope[i] * std::min(x[i], 0.F);  // NaN stays NaN
    }
}

/// gradient becomes that of x.
DRGAN_VECTOR void backwardRow(const float* __restrict x, const float* __restrict slope, float* __restrict gradient,
                              float* __restrict ofSlope, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        const float v = x[i], g = gradient[i], positive = v > 0 ? 1.F : 0.F;
        gradient[i] = g * (positive + (1.F - positive) * slope[i]);
        ofSlope[i] += g * std::min(v, 0.F);
    }
}

class FastPRelu : public torch::autograd::Function<FastPRelu> {
public:
    static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                                 const torch::Tensor& slope) {
        context->save_for_backward({x, slope});
        torch::Tensor y = torch::empty_like(x);
        const Stretches in(x), out(y);
        const Values slopes = in.repeated(slope.data_ptr<float>());
        rows::forBlocks(rows::count(x), [&](int64_t, int64_t from, int64_t to) {
            Values wide(in.length()), result(in.length());
            in.forEach(from, to, [&](int64_t row, int64_t n) {
                forwardRow(in.read(row, n, wide.data()), slopes.data(), result.data(), n);
                out.write(row, n, result.data());
            });
        });
        return y;
    }

    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::tensor_list& gradients) {
        const auto saved = context->get_saved_variables();
        const torch::Tensor &x = saved[0], &slope = saved[1];
        const torch::Tensor gradient = rows::of(gradients[0].to(x.scalar_type()));
        torch::Tensor ofX = torch::empty_like(x);
        const Stretches in(x), above(gradient), out(ofX);
        torch::Tensor ofSlope = torch::zeros({rows::blocks * in.rows(), x.size(1)});
        const Values slopes = in.repeated(slope.data_ptr<float>());
        float* sums = ofSlope.data_ptr<float>();
        rows::forBlocks(rows::count(x), [&](int64_t block, int64_t from, int64_t to) {
            Values wide(in.length()), g(in.length());
            in.forEach(from, to, [&](int64_t row, int64_t n) {
                above.copy(row, n, g.data());
                backwardRow(in.read(row, n, wide.data()), slopes.data(), g.data(), sums + block * in.length(), n);
                out.write(row, n, g.data());
            });
        });
        return {ofX, ofSlope.sum(0)};
    }
};

}  // namespace

torch::Tensor prelu(const torch::Tensor& x, const torch::Tensor& slope) {
    if (rows::areIn(x) && slope.scalar_type() == torch::kFloat32 && slope.is_contiguous() &&
        slope.numel() == x.size(1)) {
        return FastPRelu::apply(x, slope);
    }
    if (x.scalar_type() != slope.scalar_type()) {  // under autocast
        return x.device().is_cpu() ? torch::prelu(x.to(slope.scalar_type()), slope)
                                   : torch::prelu(x, slope.to(x.scalar_type()));
    }
    return torch::prelu(x, slope);
}

}  // namespace drgan::nn
