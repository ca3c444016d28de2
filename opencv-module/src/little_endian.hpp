// SPDX-License-Identifier: Apache-2.0
//
// Reads and writes little-endian numbers on any machine.

#ifndef OPENCV_DRGAN_LITTLE_ENDIAN_HPP
#define OPENCV_DRGAN_LITTLE_ENDIAN_HPP

#include <cstdint>
#include <cstring>
#include <vector>

#include "precomp.hpp"

namespace cv {
namespace drgan {

static_assert(sizeof(float) == 4 && sizeof(double) == 8, "IEEE 754 numbers");

/// @param bytes size of the number, 1 to 8
inline void putInteger(std::vector<uchar>& out, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) {
        out.push_back(static_cast<uchar>(value >> (8 * i)));
    }
}

inline void putFloat(std::vector<uchar>& out, float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    putInteger(out, bits, 4);
}

inline void putDouble(std::vector<uchar>& out, double value) {
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    putInteger(out, bits, 8);
}

inline uint64_t getInteger(const uchar* data, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) {
        value |= static_cast<uint64_t>(data[i]) << (8 * i);
    }
    return value;
}

inline uint32_t get32(const uchar* data) { return static_cast<uint32_t>(getInteger(data, 4)); }

inline float getFloat(const uchar* data) {
    const uint32_t bits = get32(data);
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

inline double getDouble(const uchar* data) {
    const uint64_t bits = getInteger(data, 8);
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

}  // namespace drgan
}  // namespace cv

#endif
