// SPDX-License-Identifier: Apache-2.0
#include "io/scene_faces.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/csv.hpp"
#include "temporary_folder.hpp"

namespace drgan::io {
namespace {

using drgan::test::messageOf;
using drgan::test::readText;
using drgan::test::TemporaryFolder;
using drgan::test::writeText;
using testing::HasSubstr;

TEST(SceneFaces, AreReadAsTheyWereWritten) {
    const TemporaryFolder folder;
    LabelledFace face;
    face.box = {1.25, 2.5, 30, 40.75};
    face.landmarks = {5, 6, 15, 6.5F, 10, 11, 6, 16, 14, 16.25F};
    face.score = 0.875F;
    writeSceneFaces(folder / "faces.csv", {{"a, b.jpg", {face, face}}, {"nobody.jpg", {}}});
    const SceneFaces read = readSceneFaces(folder / "faces.csv");
    ASSERT_EQ(read.size(), 2U);
    ASSERT_EQ(read.at("a, b.jpg").size(), 2U);
    EXPECT_EQ(read.at("a, b.jpg")[1].box, face.box);
    EXPECT_EQ(read.at("a, b.jpg")[1].landmarks, face.landmarks);
    EXPECT_EQ(read.at("a, b.jpg")[1].score, face.score);
    EXPECT_TRUE(read.at("nobody.jpg").empty());
}

TEST(SceneFaces, MayHaveBoxesOnly) {
    const TemporaryFolder folder;
    writeText(folder / "faces.csv", "x,y,file,w,h\r\n1,2,judge/000.jpg,30,37\r\n");
    const SceneFaces read = readSceneFaces(folder / "faces.csv");
    ASSERT_EQ(read.at("judge/000.jpg").size(), 1U);
    EXPECT_EQ(read.at("judge/000.jpg")[0].box, cv::Rect2d(1, 2, 30, 37));
    EXPECT_EQ(read.at("judge/000.jpg")[0].score, 1);
}

TEST(SceneFaces, SayWhatIsWrongWithThem) {
    const TemporaryFolder folder;
    const auto of = [&](const std::string& text) {
        writeText(folder / "faces.csv", text);
        return messageOf([&] { readSceneFaces(folder / "faces.csv"); });
    };
    EXPECT_THAT(of("file,x,y,w\n"), HasSubstr("line 1: there is no column 'h'"));
    EXPECT_THAT(of("file,x,y,w,h,right_eye_x\n"), HasSubstr("there is no column 'right_eye_y'"));
    EXPECT_THAT(of("file,x,y,w,h\na,1,2,3,many\n"), HasSubstr("line 2: h is 'many', expected a number"));
    EXPECT_THAT(of("file,x,y,w,h\na,1,2,3,0\n"), HasSubstr("a box of 3 x 0 pixels, expected more than 0"));
    EXPECT_THAT(of("file,x,y,w,h\na,1,2\n"), HasSubstr("3 fields, expected 5"));
    EXPECT_THAT(of("file,x,y,w,h\n"), HasSubstr("no photograph is listed"));
    EXPECT_THAT(messageOf([] { readSceneFaces("/nowhere/faces.csv"); }), HasSubstr("/nowhere/faces.csv"));
}

}  // namespace
}  // namespace drgan::io
