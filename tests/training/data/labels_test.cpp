// SPDX-License-Identifier: Apache-2.0

#include "data/labels.hpp"
#include "io/csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "temporary_folder.hpp"

namespace drgan::data {
namespace {

using drgan::test::messageOf;
using drgan::test::TemporaryFolder;
using drgan::test::writeText;
using testing::ElementsAre;
using testing::HasSubstr;

Labels read(const std::string& text) {
    const TemporaryFolder folder;
    const std::string path = folder / "labels.csv";
    writeText(path, text);
    return readLabels(path);
}

const char* const points =
    "right_eye_x,right_eye_y,left_eye_x,left_eye_y,nose_x,nose_y,right_mouth_x,right_mouth_y,left_mouth_x,left_mouth_y";

TEST(Csv, SplitsAndQuotes) {
    EXPECT_THAT(drgan::io::splitCsv("a,,b"), ElementsAre("a", "", "b"));
    EXPECT_THAT(drgan::io::splitCsv("\"a,b\",\"say \"\"hi\"\"\",c"), ElementsAre("a,b", "say \"hi\"", "c"));
    EXPECT_THAT(drgan::io::splitCsv(""), ElementsAre(""));
    for (const char* field : {"plain", "with,comma", "with \"quotes\"", ""}) {
        EXPECT_THAT(drgan::io::splitCsv(drgan::io::quoteCsv(field)), ElementsAre(field));
    }
}

TEST(Labels, AreFilteredByColumnsAndYaw) {
    const drgan::test::TemporaryFolder folder;
    const std::string path = folder / "labels.csv";
    writeText(path, "file,person,source,yaw_deg\na.jpg,a,web,10\nb.jpg,b,film,0\nc.jpg,c,web,-40\nd.jpg,d,web,\n");
    RowFilter filter;
    filter.columns["source"] = "web";
    EXPECT_EQ(readLabels(path, filter).rows.size(), 3U);
    filter.mostYaw = 25;
    const Labels labels = readLabels(path, filter);
    ASSERT_EQ(labels.rows.size(), 2U);
    EXPECT_EQ(labels.rows[0].file, "a.jpg");
    EXPECT_EQ(labels.rows[1].file, "d.jpg");
    EXPECT_EQ(labels.rows[1].line, 5U);
    EXPECT_TRUE(labels.dropped.empty());
    filter.columns["terms"] = "open";
    EXPECT_THAT(messageOf([&] { readLabels(path, filter); }), HasSubstr("there is no column 'terms'"));
}

TEST(Labels, ReadsAllColumnsInAnyOrder) {
    const Labels labels = read(std::string("\xEF\xBB\xBFperson,split,file,tar,yaw_deg,extra,crop_factor,") + points +
                               "\r\nann,dev,a/1.jpg,a.tar,-12.5,x,1.9,1,2,3.5,4,5,6,7,8,9,10\r\n\r\n" +
                               "bob,train,b.jpg,,,x,,,,,,,,,,,\r\n");
    ASSERT_EQ(labels.rows.size(), 2U);
    EXPECT_TRUE(labels.dropped.empty());
    const Label& a = labels.rows[0];
    EXPECT_EQ(a.line, 2U);
    EXPECT_EQ(a.file, "a/1.jpg");
    EXPECT_EQ(a.archive, "a.tar");
    EXPECT_EQ(a.person, "ann");
    EXPECT_EQ(a.split, 1);
    EXPECT_EQ(a.yaw, -12.5F);
    EXPECT_EQ(a.cropFactor, 1.9F);
    ASSERT_TRUE(a.hasLandmarks);
    EXPECT_EQ(a.landmarks[1], cv::Point2f(3.5F, 4));
    EXPECT_EQ(a.landmarks[4], cv::Point2f(9, 10));
    const Label& b = labels.rows[1];
    EXPECT_EQ(b.line, 4U);
    EXPECT_EQ(b.split, 0);
    EXPECT_TRUE(std::isnan(b.yaw));
    EXPECT_EQ(b.cropFactor, 0);
    EXPECT_FALSE(b.hasLandmarks);
}

TEST(Labels, LeavesBadRowsOutAndSaysWhy) {
    const Labels labels = read(
        "file,person,split,yaw_deg,crop_factor\n"
        "good.jpg,ann,train,3,1.5\n"
        "few.jpg,ann\n"
        "yaw.jpg,ann,train,left,\n"
        "nan.jpg,ann,train,nan,\n"
        "split.jpg,ann,test,3,\n"
        "nobody.jpg,,train,3,\n"
        "../up.jpg,ann,train,3,\n"
        "/etc/passwd,ann,train,3,\n"
        "tight.jpg,ann,train,3,0.5\n");
    ASSERT_EQ(labels.rows.size(), 1U);
    ASSERT_EQ(labels.dropped.size(), 8U);
    const char* const reasons[] = {
        "2 fields, expected 5", "yaw_deg is 'left'", "yaw_deg is 'nan'", "split is 'test'",
        "person is empty",      "below the folder",  "below the folder", "crop_factor is 0.5, expected 1..10"};
    for (size_t i = 0; i < 8; ++i) {
        EXPECT_EQ(labels.dropped[i].line, i + 3);
        EXPECT_THAT(labels.dropped[i].reason, HasSubstr(reasons[i]));
    }
    EXPECT_EQ(labels.dropped[1].file, "yaw.jpg");
}

TEST(Labels, NamesTheMissingColumn) {
    EXPECT_THAT(messageOf([] { read("file,split\n"); }), HasSubstr("'person'"));
    EXPECT_THAT(messageOf([] { read("file,person,nose_x\n"); }), HasSubstr("1 of the ten landmark columns"));
    EXPECT_THAT(messageOf([] { readLabels("/no/such/labels.csv"); }),
                testing::AllOf(HasSubstr("/no/such/labels.csv"), HasSubstr("No such file")));
}

}  // namespace
}  // namespace drgan::data
