// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <algorithm>
#include <opencv2/core.hpp>

#include "strangers.hpp"

namespace drgan::eval {

/// Tells `pair` the cosine of each pair of rows of two people. @param pair called with (row, later row, cosine)
template <typename Pair>
void forAllPairs(const Strangers& s, Pair pair) {
    constexpr int blockRows = 1024;  // bounds the memory
    cv::Mat products;
    for (int a = 0; a < s.units.rows; a += blockRows) {
        const cv::Mat first = s.units.rowRange(a, std::min(a + blockRows, s.units.rows));
        for (int b = a; b < s.units.rows; b += blockRows) {
            const cv::Mat second = s.units.rowRange(b, std::min(b + blockRows, s.units.rows));
            cv::gemm(first, second, 1, cv::noArray(), 0, products, cv::GEMM_2_T);
            for (int i = 0; i < products.rows; ++i) {
                const auto* const row = products.ptr<float>(i);
                const size_t person = s.persons[static_cast<size_t>(a + i)];
                for (int j = a == b ? i + 1 : 0; j < products.cols; ++j) {
                    if (s.persons[static_cast<size_t>(b + j)] != person) {
                        pair(a + i, b + j, row[j]);
                    }
                }
            }
        }
    }
}

}  // namespace drgan::eval
