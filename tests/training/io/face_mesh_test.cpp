// SPDX-License-Identifier: Apache-2.0

#include "io/face_mesh.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace drgan::io {
namespace {

TEST(MeshTwins, AreEachOthers) {
    const auto& twins = meshTwins();
    for (size_t i = 0; i < meshPoints; ++i) {
        ASSERT_GE(twins[i], 0);
        ASSERT_LT(twins[i], static_cast<int>(meshPoints));
        EXPECT_EQ(twins[twins[i]], static_cast<int>(i));
    }
}

TEST(MeshTwins, AreOnTheOtherSide) {
    const auto& twins = meshTwins();
    EXPECT_EQ(twins[leftEyeCorners[1]], rightEyeCorners[0]);  // outer
    EXPECT_EQ(twins[leftEyeCorners[0]], rightEyeCorners[1]);  // inner
    EXPECT_EQ(twins[61], 291);                                // corners of the mouth
    EXPECT_EQ(twins[234], 454);                               // before the ears
    for (const int middle : {1, 4, 10, 152, 168}) {           // nose, forehead, chin, between the eyes
        EXPECT_EQ(twins[middle], middle);
    }
    int own = 0;
    for (size_t i = 0; i < meshPoints; ++i) {
        own += twins[i] == static_cast<int>(i) ? 1 : 0;
    }
    EXPECT_EQ(own, 28);
}

}  // namespace
}  // namespace drgan::io
