// SPDX-License-Identifier: Apache-2.0
//
// Cuts of labelled photographs: the faces in them lie where the picture shows them.
#include "small_network/labelled_scenes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include "io/scene_faces.hpp"
#include "run/picture.hpp"
#include "temporary_folder.hpp"

using namespace drgan::train;
using drgan::test::messageOf;
using testing::HasSubstr;

namespace {

class LabelledScenesTest : public testing::Test {
protected:
    /// Grey photographs with a white ellipse for each face.
    void SetUp() override {
        const cv::Rect2d places[] = {{60, 40, 30, 40}, {200, 100, 60, 80}};
        for (int i = 0; i < 24; ++i) {
            cv::Mat photo(240, 320, CV_8UC3, cv::Scalar::all(90));
            const std::string name = std::to_string(i) + ".png";
            for (const cv::Rect2d& at : places) {
                drgan::io::LabelledFace face;
                face.box = at - cv::Point2d(0.5, 0.5);  // from pixel borders to pixel centres
                const cv::Point2d middle = at.tl() + cv::Point2d(at.width, at.height) / 2;
                const auto x = static_cast<float>(middle.x - 0.5), y = static_cast<float>(middle.y - 0.5);
                face.landmarks = {x - 5, y - 5, x + 5, y - 5, x, y, x - 4, y + 5, x + 4, y + 5};
                face.score = at.width < 40 ? 0.95F : 0.9F;
                cv::rectangle(photo, cv::Rect(at), cv::Scalar::all(255), cv::FILLED);
                known_[name].push_back(face);
            }
            writePng(folder_ / ("photos/" + name), photo);
        }
        save();
    }
    void save() const { drgan::io::writeSceneFaces(folder_ / "faces.csv", known_); }
    LabelledScenes scenes(double sure = 0.5) const { return {folder_ / "photos", folder_ / "faces.csv", sure}; }

    drgan::test::TemporaryFolder folder_;
    drgan::io::SceneFaces known_;
};

TEST_F(LabelledScenesTest, BoxesLieWhereThePictureShowsFaces) {
    const LabelledScenes scenes = this->scenes();
    EXPECT_EQ(scenes.size(), 24U);
    EXPECT_EQ(scenes.faces(), 48U);
    CutOptions how;
    how.side = 96;
    how.tiltShare = 0;
    std::mt19937_64 random(3);
    int whole = 0, mirroredEyes = 0;
    for (int i = 0; i < 200; ++i) {
        const LabelledScenes::Cut cut = scenes.draw(how, random);
        ASSERT_EQ(cut.pixels.size(), cv::Size(96, 96));
        const cv::Mat picture = toFloat(cut.pixels);
        for (const SceneFace& face : cut.faces) {
            EXPECT_TRUE(face.box.x < 96 && face.box.y < 96 && face.box.br().x > 0 && face.box.br().y > 0);
            mirroredEyes += face.landmarks[0] > face.landmarks[2] ? 1 : 0;
            const cv::Rect2d around(face.box.tl() - cv::Point2d(face.box.width, face.box.height) * 0.2,
                                    face.box.size() * 1.4);
            if ((around & cv::Rect2d(1, 1, 94, 94)) != around || face.box.width < 12) {
                continue;
            }
            ++whole;
            const auto at = [&](double x, double y) {
                return picture.at<cv::Vec3f>(cvRound(face.box.y + y * face.box.height),
                                             cvRound(face.box.x + x * face.box.width))[0];
            };
            for (const double edge : {0.12, 0.88}) {
                EXPECT_GT(at(edge, 0.5), 0.6F);
                EXPECT_GT(at(0.5, edge), 0.6F);
            }
            EXPECT_LT(at(-0.15, 0.5), 0.3F);
            EXPECT_LT(at(0.5, 1.15), 0.3F);
        }
    }
    EXPECT_GT(whole, 60);
    EXPECT_EQ(mirroredEyes, 0);  // the right eye stays on the left of the picture
}

TEST_F(LabelledScenesTest, FacesThatAreUnsureSmallOrCutOffAreNotLearned) {
    CutOptions how;
    how.side = 96;
    std::mt19937_64 random(5);
    const LabelledScenes scenes = this->scenes(0.93);  // the large faces have a score of 0.9
    EXPECT_EQ(scenes.faces(), 24U);
    int sure = 0, unsure = 0;
    for (int i = 0; i < 200; ++i) {
        for (const SceneFace& face : scenes.draw(how, random).faces) {
            (face.sure ? sure : unsure) += 1;
            if (face.sure) {
                EXPECT_GE(face.box.height, 0.6 * how.smallest);
                EXPECT_GE((face.box & cv::Rect2d(0, 0, 96, 96)).area(), 0.5 * face.box.area());
            }
        }
    }
    EXPECT_GT(sure, 60);
    EXPECT_GT(unsure, 30);
}

TEST_F(LabelledScenesTest, SomePhotographsAreKeptForValidation) {
    for (auto& [name, faces] : known_) {
        faces.clear();
    }
    known_["0.png"].resize(1);
    known_["0.png"][0].box = {10, 10, 30, 40};
    known_["0.png"][0].landmarks.fill(20);
    save();
    const LabelledScenes scenes = this->scenes();
    CutOptions how;
    std::mt19937_64 random(5);
    const auto shown = [&](bool validation) {
        how.validation = validation;
        int faces = 0;
        for (int i = 0; i < 300; ++i) {
            faces += scenes.draw(how, random).faces.empty() ? 0 : 1;
        }
        return faces > 0;
    };
    EXPECT_NE(shown(false), shown(true));
}

TEST_F(LabelledScenesTest, AFaceIsDrawnWithItsSurroundings) {
    const LabelledScenes scenes = this->scenes();
    std::mt19937_64 random(7);
    for (int i = 0; i < 50; ++i) {
        std::vector<cv::Rect2d> others;
        const LooseFaces::Picture face = scenes.drawFace(false, random, others);
        ASSERT_EQ(face.pixels.size(), cv::Size(192, 192));
        EXPECT_EQ(others.size(), 1U);
        EXPECT_NEAR((face.landmarks[0] + face.landmarks[2]) / 2, 96, 1.5);  // the middle
        EXPECT_LT(face.landmarks[0], face.landmarks[2]);
        EXPECT_GT(face.pixels.at<cv::Vec3b>(96, 96)[0], 240);
        EXPECT_LT(face.pixels.at<cv::Vec3b>(54, 96)[0], 120);  // above it
        EXPECT_LT(std::abs(face.yaw), 90);
    }
}

TEST_F(LabelledScenesTest, APhotographThatIsNotThereIsNamed) {
    known_["gone.png"] = {};
    save();
    EXPECT_THAT(messageOf([&] { scenes(); }), HasSubstr("'gone.png' is not in " + (folder_ / "photos")));
}

}  // namespace
