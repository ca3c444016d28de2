// SPDX-License-Identifier: Apache-2.0
//
// Which face of a still picture is chosen, and which way is up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include "generated_faces.hpp"
#include "made_files.hpp"
#include "still_faces.hpp"
#include "tiny_onnx.hpp"

namespace {

using drgan::enrolment::StillFace;
using drgan::enrolment::StillFaces;
using testing::HasSubstr;
using testing::StartsWith;

class StillFacesTest : public testing::Test {
protected:
    void SetUp() override {
        if (drgan_test::trainedBundle().empty()) GTEST_SKIP() << "no trained bundle: set DRGAN_BUNDLE";
        faces = std::make_unique<drgan_test::GeneratedFaces>();
        stills = std::make_unique<StillFaces>("", "");
    }
    std::string write(const cv::Mat& picture) const {
        return drgan_test::save(dir.path() + "/a.png", drgan_test::encoded(picture, ".png"));
    }
    std::string refused(const cv::Mat& picture, bool alone = true) const {
        try {
            stills->read(write(picture), alone);
        } catch (const std::runtime_error& error) {
            return error.what();
        }
        return "taken";
    }
    /// Two people next to each other. @param second side of the second face in pixels
    cv::Mat two(int second) const {
        cv::Mat picture(360, 640, CV_8UC3, cv::Scalar(150, 140, 120));
        faces->draw(picture, 1, {100, 60}, 240);
        faces->draw(picture, 2, {630 - second, 60}, second);
        return picture;
    }
    drgan_test::TempDir dir;
    std::unique_ptr<drgan_test::GeneratedFaces> faces;
    std::unique_ptr<StillFaces> stills;
};

TEST_F(StillFacesTest, SetsTurnedPicturesUpright) {
    for (int person = 1; person <= 2; ++person) {
        const StillFace upright = stills->read(write(faces->picture(person)), true);
        EXPECT_EQ(upright.orientation, 1);
        EXPECT_EQ(upright.note, "");
        cv::Mat turned = faces->picture(person);
        for (const int clockwise : {270, 180, 90}) {  // the rotation needed after one, two, three quarter turns
            cv::Mat next;
            cv::rotate(turned, next, cv::ROTATE_90_CLOCKWISE);
            turned = next;
            const StillFace face = stills->read(write(turned), true);
            EXPECT_THAT(face.note, StartsWith(cv::format("turned by %d degrees", clockwise)));
            EXPECT_EQ(face.orientation, clockwise == 90 ? 6 : clockwise == 180 ? 3 : 8);
            EXPECT_EQ(cv::norm(face.embedding, upright.embedding, cv::NORM_INF), 0) << "the same pixels";
        }
        // The picture is upright, but its orientation tag is wrong.
        const std::string file = drgan_test::save(
            dir.path() + "/e.png", drgan_test::pngWithExif(faces->picture(person), drgan_test::exif(6, true)));
        EXPECT_EQ(stills->read(file, true).orientation, 1);
    }
}

TEST_F(StillFacesTest, APictureOfSeveralPeopleIsNobodys) {
    EXPECT_THAT(refused(two(240)), HasSubstr("2 faces"));
    EXPECT_THAT(refused(two(240)), HasSubstr("crop it to the person"));
    EXPECT_THAT(refused(two(190)), HasSubstr("is not twice as large as the next"));
    EXPECT_EQ(refused(two(240), false), "taken") << "a search accepts several people";
    const StillFace behind = stills->read(write(two(130)), true);
    EXPECT_THAT(behind.note, HasSubstr("the largest of 2 faces"));
    EXPECT_LT(behind.box.x, 300);
    EXPECT_THAT(refused(cv::Mat(300, 300, CV_8UC3, cv::Scalar(9, 99, 9))), HasSubstr("no face found"));
}

}  // namespace
