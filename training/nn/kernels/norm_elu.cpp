// SPDX-License-Identifier: Apache-2.0
#include "nn/kernels/norm_elu.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "nn/kernels/channel_rows.hpp"
#include "nn/process_group.hpp"

namespace drgan::nn {

namespace {

using rows::Stretches;
using rows::Values;

/// exp of values up to 0, to 1e-7 of 1.
inline float expOfNegative(float x) {
    constexpr float log2e = 1.44269504F, roundToInteger = 12582912.F;  // adding 1.5 * 2^23 drops the fraction's bits
    const float t = std::max(-87.F, x) * log2e;                        // in this order, NaN becomes -87
    const float shifted = t + roundToInteger, n = shifted - roundToInteger, f = t - n;
    float power = 1.5403530e-4F;  // 2^f, |f| <= 0.5, Taylor
    power = power * f + 1.3333558e-3F;
    power = power * f + 9.6181291e-3F;
    power = power * f + 5.5504109e-2F;
    power = power * f + 2.4022651e-1F;
    power = power * f + 6.9314718e-1F;
    power = power * f + 1.F;
    int32_t bits;
    std::memcpy(&bits, &power, sizeof bits);
    bits += static_cast<int32_t>(n) * (1 << 23);
    std::memcpy(&power, &bits, sizeof bits);
    return power;
}

// All below: n values that lie next to each other, with what belongs to their channels as long as they are.

DRGAN_VECTOR void addMoments(const float* __restrict x, const float* __restrict origin, float* __restrict sum,
                             float* __restrict squares, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        const float d = x[i] - origin[i];
        sum[i] += d;
        squares[i] += d * d;
    }
}

DRGAN_VECTOR void activate(const float* __restrict x, const float* __restrict scale, const float* __restrict shift,
                           float* __restrict y, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        const float z = x[i] * scale[i] + shift[i];
        y[i] = std::max(z, expOfNegative(std::min(z, 0.F)) - 1.F);  // e^z - 1 is not below z; NaN stays NaN
    }
}

/// gradient *= the slope of ELU at scale x + shift
DRGAN_VECTOR void throughElu(const float* __restrict x, const float* __restrict scale, const float* __restrict shift,
                             float* __restrict gradient, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        const float z = x[i] * scale[i] + shift[i];
        gradient[i] *= expOfNegative(std::min(z, 0.F));
    }
}

DRGAN_VECTOR void addGradients(const float* __restrict x, const float* __restrict mean,
                               const float* __restrict gradient, float* __restrict sum, float* __restrict product,
                               int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        sum[i] += gradient[i];
        product[i] += gradient[i] * (x[i] - mean[i]);
    }
}

/// gradient = scale gradient - constant - slope (x - mean)
DRGAN_VECTOR void throughNorm(const float* __restrict x, const float* __restrict mean, const float* __restrict scale,
                              const float* __restrict constant, const float* __restrict slope,
                              float* __restrict gradient, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        gradient[i] = scale[i] * gradient[i] - constant[i] - slope[i] * (x[i] - mean[i]);
    }
}

/// Two sums for each channel over all rows: add(first row, values, sums, sums) for every stretch.
template <typename Function>
std::pair<std::vector<double>, std::vector<double>> sums(const torch::Tensor& x, const Stretches& map, Function&& add) {
    const int64_t channels = x.size(1), length = map.length();
    Values first(rows::blocks * length, 0.F), second(rows::blocks * length, 0.F);
    rows::forBlocks(rows::count(x), [&](int64_t block, int64_t from, int64_t to) {
        add(from, to, first.data() + block * length, second.data() + block * length);
    });
    std::pair<std::vector<double>, std::vector<double>> result{std::vector<double>(channels, 0.),
                                                               std::vector<double>(channels, 0.)};
    for (size_t i = 0; i < first.size(); ++i) {
        result.first[i % length % channels] += first[i];
        result.second[i % length % channels] += second[i];
    }
    return result;
}

Values values(const torch::Tensor& x) {
    const torch::Tensor line = x.detach().to(torch::kFloat32).contiguous();
    return Values(line.data_ptr<float>(), line.data_ptr<float>() + line.numel());
}

torch::Tensor tensor(const Values& x) { return torch::tensor(x); }

/// Mean and variance (biased) of each channel.
std::pair<Values, Values> moments(const torch::Tensor& x) {
    const Stretches map(x);
    const int64_t channels = x.size(1);
    const auto count = static_cast<double>(rows::count(x));
    // Sums of differences from the first row: of the values themselves, a large mean would drown the variance.
    Values buffer(map.length());
    const float* first = map.read(0, channels, buffer.data());
    const Values origin(first, first + channels);
    const Values repeated = map.repeated(origin.data());
    const auto [sum, squares] = sums(x, map, [&](int64_t from, int64_t to, float* a, float* b) {
        Values wide(map.length());
        map.forEach(from, to, [&](int64_t row, int64_t n) {
            addMoments(map.read(row, n, wide.data()), repeated.data(), a, b, n);
        });
    });
    std::pair<Values, Values> result{Values(channels), Values(channels)};
    for (int64_t c = 0; c < channels; ++c) {
        const double mean = sum[c] / count;
        result.first[c] = static_cast<float>(origin[c] + mean);
        result.second[c] = static_cast<float>(std::max(0., squares[c] / count - mean * mean));
    }
    return result;
}

/// What normalisation does to a channel: scale x + shift.
struct Line {
    Values scale, shift;

    Line(const Values& weight, const Values& bias, const Values& mean, const Values& inverseDeviation)
        : scale(weight), shift(bias) {
        for (size_t c = 0; c < weight.size(); ++c) {
            scale[c] = weight[c] * inverseDeviation[c];
            shift[c] = bias[c] - mean[c] * scale[c];
        }
    }
};

class NormElu : public torch::autograd::Function<NormElu> {
public:
    /// @param mean, inverseDeviation [C] of the channels; of the batch's own or not
    static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                                 const torch::Tensor& weight, const torch::Tensor& bias, const torch::Tensor& mean,
                                 const torch::Tensor& inverseDeviation, bool ofBatch) {
        context->save_for_backward({x, weight, bias, mean, inverseDeviation});
        context->saved_data["of_batch"] = ofBatch;
        const Line line(values(weight), values(bias), values(mean), values(inverseDeviation));
        torch::Tensor y = torch::empty_like(x);
        const Stretches in(x), out(y);
        const Values scale = in.repeated(line.scale.data()), shift = in.repeated(line.shift.data());
        rows::forBlocks(rows::count(x), [&](int64_t, int64_t from, int64_t to) {
            Values wide(in.length()), result(in.length());
            in.forEach(from, to, [&](int64_t row, int64_t n) {
                activate(in.read(row, n, wide.data()), scale.data(), shift.data(), result.data(), n);
                out.write(row, n, result.data());
            });
        });
        return y;
    }

    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::tensor_list& gradients) {
        const auto saved = context->get_saved_variables();
        const torch::Tensor& x = saved[0];
        const torch::Tensor gradient = rows::of(gradients[0].to(x.scalar_type()));
        const bool ofBatch = context->saved_data["of_batch"].toBool();
        const Values weight = values(saved[1]), mean = values(saved[3]), inverse = values(saved[4]);
        const Line line(weight, values(saved[2]), mean, inverse);
        torch::Tensor ofX = torch::empty_like(x);
        const Stretches in(x), above(gradient), out(ofX);
        const Values scale = in.repeated(line.scale.data()), shift = in.repeated(line.shift.data()),
                     centre = in.repeated(mean.data());
        // The gradient at the normalised map, which both passes make anew: memory is what is slow here.
        auto atNorm = [&](int64_t row, int64_t n, const float* wide, float* result) {
            above.copy(row, n, result);
            throughElu(wide, scale.data(), shift.data(), result, n);
        };
        const size_t channels = weight.size();
        Values constant(channels, 0.F), slope(channels, 0.F), ofWeight(channels, 0.F), ofBias(channels, 0.F);
        if (ofBatch) {
            const auto [sum, product] = sums(x, in, [&](int64_t from, int64_t to, float* a, float* b) {
                Values wide(in.length()), g(in.length());
                in.forEach(from, to, [&](int64_t row, int64_t n) {
                    const float* value = in.read(row, n, wide.data());
                    atNorm(row, n, value, g.data());
                    addGradients(value, centre.data(), g.data(), a, b, n);
                });
            });
            const auto count = static_cast<double>(rows::count(x));
            for (size_t c = 0; c < channels; ++c) {
                ofBias[c] = static_cast<float>(sum[c]);
                ofWeight[c] = static_cast<float>(product[c] * inverse[c]);
                constant[c] = static_cast<float>(line.scale[c] * sum[c] / count);
                slope[c] = static_cast<float>(line.scale[c] * product[c] / count * inverse[c] * inverse[c]);
            }
        }
        const Values constants = in.repeated(constant.data()), slopes = in.repeated(slope.data());
        rows::forBlocks(rows::count(x), [&](int64_t, int64_t from, int64_t to) {
            Values wide(in.length()), g(in.length());
            in.forEach(from, to, [&](int64_t row, int64_t n) {
                const float* value = in.read(row, n, wide.data());
                atNorm(row, n, value, g.data());
                throughNorm(value, centre.data(), scale.data(), constants.data(), slopes.data(), g.data(), n);
                out.write(row, n, g.data());
            });
        });
        const torch::Tensor none;
        return {ofX, ofBatch ? tensor(ofWeight) : none, ofBatch ? tensor(ofBias) : none, none, none, none};
    }
};

bool covered(const torch::nn::BatchNorm2dImpl& module, const torch::Tensor& x) {
    const bool learns = module.weight.defined() && module.weight.requires_grad() && torch::GradMode::is_enabled();
    return rows::areIn(x) && x.dim() == 4 && x.numel() > x.size(1) && module.weight.defined() &&
           module.running_mean.defined() && module.options.momentum().has_value() &&
           (module.is_training() ? group().size() == 1 : !learns);
}

}  // namespace

torch::Tensor batchNorm(torch::nn::BatchNorm2dImpl& module, const torch::Tensor& x) {
    return group().size() > 1 && module.is_training() ? batchNormAcross(module, x) : module.forward(x);
}

torch::Tensor normElu(torch::nn::BatchNorm2dImpl& module, const torch::Tensor& x) {
    if (!covered(module, x)) {
        return torch::elu(batchNorm(module, x));
    }
    torch::Tensor mean = module.running_mean, variance = module.running_var;
    if (module.is_training()) {
        torch::NoGradGuard noGrad;
        const auto [means, variances] = moments(x);
        mean = tensor(means);
        variance = tensor(variances);
        const auto count = static_cast<double>(rows::count(x));
        module.running_mean.lerp_(mean, *module.options.momentum());
        module.running_var.lerp_(variance * (count / (count - 1)), *module.options.momentum());
        module.num_batches_tracked.add_(1);
    }
    const torch::Tensor inverseDeviation = (variance + module.options.eps()).rsqrt();
    return NormElu::apply(x, module.weight, module.bias, mean, inverseDeviation, module.is_training());
}

}  // namespace drgan::nn
