// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/identity/name_holders.hpp"

namespace {

using drgan::NameHolders;

TEST(NameHolders, AreTheMostAlikeAndStaySo) {
    NameHolders names;
    const auto holder = [&](double one, double two) {
        names.update({{1, "Ann", one}, {2, "Ann", two}, {3, "Bob", 0.3}}, 0.03);
        EXPECT_TRUE(names.has(3, "Bob"));
        EXPECT_NE(names.has(1, "Ann"), names.has(2, "Ann"));
        return names.has(1, "Ann") ? 1 : 2;
    };
    EXPECT_EQ(holder(0.5, 0.5), 1) << "of equal ones, the older track";
    EXPECT_EQ(holder(0.5, 0.52), 1) << "the margin is too small";
    EXPECT_EQ(holder(0.5, 0.54), 2);
    EXPECT_EQ(holder(0.52, 0.5), 2);
    EXPECT_EQ(holder(0.54, 0.5), 1);
    names.update({{2, "Ann", 0.4}}, 0.03);
    EXPECT_TRUE(names.has(2, "Ann")) << "the other track has ended";
    EXPECT_TRUE(names.isOthers(1, "Ann"));
    EXPECT_FALSE(names.isOthers(2, "Ann"));
    EXPECT_FALSE(names.isOthers(1, "Bob")) << "nobody's";
    EXPECT_FALSE(names.has(1, "Ann"));
    EXPECT_FALSE(names.has(3, "Bob"));
}

}  // namespace
