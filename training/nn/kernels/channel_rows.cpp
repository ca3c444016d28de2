// SPDX-License-Identifier: Apache-2.0
#include "nn/kernels/channel_rows.hpp"

#include <cstring>

namespace drgan::nn::rows {

DRGAN_VECTOR void widen(const uint16_t* __restrict from, float* __restrict to, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        const uint32_t bits = static_cast<uint32_t>(from[i]) << 16;
        std::memcpy(&to[i], &bits, sizeof bits);
    }
}

DRGAN_VECTOR void narrow(const float* __restrict from, uint16_t* __restrict to, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        uint32_t bits;
        std::memcpy(&bits, &from[i], sizeof bits);
        const uint32_t rounded = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
        to[i] = static_cast<uint16_t>((bits & 0x7fffffffU) > 0x7f800000U ? 0x7fc0U : rounded);  // NaN stays NaN
    }
}

}  // namespace drgan::nn::rows
