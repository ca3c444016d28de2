// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <vector>

/// Draws that samplers make.
namespace drgan::train {

inline double uniform(std::mt19937_64& random, double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random);
}

inline bool chance(double probability, std::mt19937_64& random) { return uniform(random, 0, 1) < probability; }

template <typename T>
const T& pick(const std::vector<T>& from, std::mt19937_64& random) {
    return from[std::uniform_int_distribution<size_t>(0, from.size() - 1)(random)];
}

/// A seed for the random numbers of one step, or of one part of it.
inline uint64_t mixed(uint64_t seed, uint64_t step) {
    // splitmix64: neighbouring steps get unrelated streams.
    uint64_t z = seed * 0x9e3779b97f4a7c15ULL + step + 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

}  // namespace drgan::train
