// SPDX-License-Identifier: Apache-2.0
#include "io/csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "temporary_folder.hpp"

namespace drgan::io {
namespace {

using drgan::test::messageOf;
using drgan::test::TemporaryFolder;
using drgan::test::writeText;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(CsvFiles, AreReadRecordByRecord) {
    const TemporaryFolder folder;
    writeText(folder / "table.csv", "\xEF\xBB\xBFname,note\r\nann,\"a, b\"\r\n\r\nbob\r\n");
    CsvFile file(folder / "table.csv");
    EXPECT_THAT(file.columns(), ElementsAre("name", "note"));
    EXPECT_EQ(file.line(), 1U);
    std::vector<std::string> fields;
    ASSERT_TRUE(file.next(fields));
    EXPECT_THAT(fields, ElementsAre("ann", "a, b"));
    EXPECT_EQ(file.line(), 2U);
    ASSERT_TRUE(file.next(fields));
    EXPECT_THAT(fields, ElementsAre("bob"));
    EXPECT_EQ(file.line(), 4U);
    EXPECT_FALSE(file.next(fields));
}

TEST(CsvFiles, SayWhyTheyCannotBeRead) {
    const TemporaryFolder folder;
    writeText(folder / "empty.csv", "");
    EXPECT_THAT(messageOf([&] { CsvFile(folder / "empty.csv"); }), AllOf(HasSubstr("empty.csv"), HasSubstr("empty")));
    EXPECT_THAT(messageOf([&] { CsvFile(folder / "none.csv"); }),
                AllOf(HasSubstr("none.csv"), HasSubstr("No such file")));
    EXPECT_THAT(messageOf([&] { CsvFile(folder.path()); }), HasSubstr("directory"));
}

}  // namespace
}  // namespace drgan::io
