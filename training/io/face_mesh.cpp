// SPDX-License-Identifier: Apache-2.0

#include "face_mesh.hpp"

namespace drgan::io {

namespace {

constexpr int middleLine[] = {0,  1,  2,  4,  5,  6,   8,   9,   10,  11,  12,  13,  14,  15,
                              16, 17, 18, 19, 94, 151, 152, 164, 168, 175, 195, 197, 199, 200};
constexpr int firstLeft = 248;  // the points from here on are the left ones, in the order of their twins on the right

std::array<int, meshPoints> makeTwins() {
    std::array<int, meshPoints> twins{};
    const int* middle = middleLine;
    int left = firstLeft;
    for (int right = 0; right < firstLeft; ++right) {
        if (middle != std::end(middleLine) && *middle == right) {
            twins[right] = right;
            ++middle;
        } else {
            twins[right] = left;
            twins[left++] = right;
        }
    }
    return twins;
}

}  // namespace

const std::array<int, meshPoints>& meshTwins() {
    static const std::array<int, meshPoints> twins = makeTwins();
    return twins;
}

}  // namespace drgan::io
