// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/autocast_mode.h>
#include <torch/torch.h>
#include <torch/version.h>

#include "run/options.hpp"

namespace drgan::train {

/// While it lives, convolutions and products of matrices run in bfloat16, if the options want it. For forward passes of
/// networks only: weights, gradients, moments and losses stay in float32. A cosine in bfloat16 moves in steps of 0.004,
/// which a margin softmax multiplies by its scale.
class MixedPrecision {
public:
    explicit MixedPrecision(const RunOptions& o) : on_(o.precision == "bf16"), cuda_(o.device == "cuda") {
        if (on_) {
            set(true);
            at::autocast::increment_nesting();
        }
    }
    ~MixedPrecision() {
        if (on_) {
            if (at::autocast::decrement_nesting() == 0) {
                at::autocast::clear_cache();
            }
            set(false);
        }
    }
    MixedPrecision(const MixedPrecision&) = delete;
    MixedPrecision& operator=(const MixedPrecision&) = delete;

private:
    void set(bool on) const {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
        const auto type = cuda_ ? at::kCUDA : at::kCPU;
        at::autocast::set_autocast_dtype(type, at::kBFloat16);
        at::autocast::set_autocast_enabled(type, on);
#else
        if (cuda_) {
            at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
            at::autocast::set_enabled(on);
        } else {
            at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
            at::autocast::set_cpu_enabled(on);
        }
#endif
    }
    bool on_, cuda_;
};

}  // namespace drgan::train
