// SPDX-License-Identifier: Apache-2.0

#include "data/layouts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <opencv2/drgan.hpp>
#include <set>
#include <sstream>

#include "data/face_cutter.hpp"
#include "data/recognizer.hpp"
#include "pictures.hpp"
#include "temporary_folder.hpp"

namespace drgan::data {
namespace {

namespace fs = std::filesystem;

using drgan::test::messageOf;
using drgan::test::TemporaryFolder;
using drgan::test::writeText;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> files(const Labels& labels) {
    std::vector<std::string> list;
    for (const Label& label : labels.rows) {
        list.push_back(label.person + ":" + label.file);
    }
    return list;
}

std::vector<std::string> drops(const Labels& labels) {
    std::vector<std::string> list;
    for (const Dropped& d : labels.dropped) {
        list.push_back(std::to_string(d.line) + " " + d.file + ": " + d.reason);
    }
    return list;
}

/// Fiducials of half a face: the eye around (40, 50), nose and lips on the line x = `middle`, the mouth's corner at
/// (45, 90).
std::string fiducials(float middle) {
    std::ostringstream text;
    for (int i = 0; i < 30; ++i) {
        float x = middle, y = 0;
        if (i < 12) {
            x = 20, y = 30.F + 5.F * static_cast<float>(i);
        } else if (i < 18) {
            x = i % 2 ? 36 : 44, y = 50;
        } else if (i < 22) {
            x = middle + (i == 21 ? (middle > 40 ? 5.F : -5.F) : 0), y = 50 + 7 * static_cast<float>(i - 18);
        } else if (i == 25) {
            x = 45, y = 90;
        } else {
            y = i < 25 ? 75.F : 90.F;
        }
        text << x << ',' << y << "\r\n";
    }
    return text.str();
}

TEST(People, ListsWhatLiesBelowAPersonsFolder) {
    const TemporaryFolder folder;
    for (const char* file : {"bob/b.jpg", "bob/deep/er/a.PNG", "ann/1.Jpeg", "ann/notes.txt", "ann/.hidden.jpg",
                             "ann/.cache/2.jpg", ".git/3.jpg", "loose.jpg", "README"}) {
        writeText(folder / file, "x");
    }
    fs::create_directories(folder / "nobody/sub");
    fs::create_directories(folder / "ann/folder.jpg");
    const Labels labels = readPeople(folder.path(), 0);
    EXPECT_THAT(files(labels), ElementsAre("ann:ann/1.Jpeg", "bob:bob/b.jpg", "bob:bob/deep/er/a.PNG"));
    EXPECT_EQ(labels.rows[2].line, 3U);
    EXPECT_EQ(labels.rows[2].split, 0);
    EXPECT_FALSE(labels.rows[0].hasLandmarks);
    EXPECT_THAT(drops(labels), ElementsAre("0 loose.jpg: lies in no person's folder",
                                           "0 nobody: there is no picture in this person's folder"));
}

TEST(People, DoesNotFollowLinksToOtherPeople) {
    const TemporaryFolder folder;
    writeText(folder / "ann/1.jpg", "x");
    fs::create_directory_symlink("..", folder / "ann/up");
    fs::create_directory_symlink(".", folder / "ann/self");
    fs::create_symlink("round.jpg", folder / "ann/round.jpg");
    fs::create_directory_symlink(".", folder / "everybody");
    fs::create_directory_symlink("ann", folder / "anna");
    const Labels labels = readPeople(folder.path() + "/", 0);
    EXPECT_THAT(files(labels), ElementsAre("ann:ann/1.jpg"));
    EXPECT_THAT(drops(labels), ElementsAre("0 ann/round.jpg: is no file", "0 anna: is the same folder as ann",
                                           "0 everybody: links to a folder around it"));
}

TEST(People, ChoosesTheDevSplitByName) {
    const TemporaryFolder folder;
    for (int i = 0; i < 400; ++i) {
        writeText(folder / (std::to_string(i) + "/1.jpg"), "x");
    }
    const auto chosen = [&](double share) {
        std::set<std::string> names;
        for (const Label& label : readPeople(folder.path(), share).rows) {
            if (label.split == 1) {
                names.insert(label.person);
            }
        }
        return names;
    };
    const std::set<std::string> tenth = chosen(0.1), half = chosen(0.5);
    EXPECT_EQ(chosen(0).size(), 0U);
    EXPECT_EQ(chosen(1).size(), 400U);
    EXPECT_NEAR(static_cast<double>(tenth.size()), 40, 20);  // three standard deviations
    EXPECT_NEAR(static_cast<double>(half.size()), 200, 30);
    EXPECT_TRUE(std::includes(half.begin(), half.end(), tenth.begin(), tenth.end()));
    fs::remove_all(folder / "0");
    EXPECT_THAT(chosen(0.1), testing::IsSubsetOf(tenth));  // the choice of other people does not change
}

TEST(People, SaysWhatIsWrongWithTheFolder) {
    const TemporaryFolder folder;
    EXPECT_THAT(messageOf([&] { readPeople(folder.path(), 0); }), AllOf(HasSubstr(folder.path()), HasSubstr("person")));
    EXPECT_THAT(messageOf([] { readPeople("/no/such/folder", 0); }), HasSubstr("/no/such/folder"));
    writeText(folder / "a.jpg", "x");
    EXPECT_THAT(messageOf([&] { readPeople(folder / "a.jpg", 0); }), HasSubstr("a.jpg"));
}

TEST(CfpLayout, ListsPicturesWithLandmarksAndSplits) {
    const TemporaryFolder folder;
    for (const char* picture : {"001/frontal/01", "001/frontal/02", "001/profile/01", "007/frontal/01"}) {
        writeText(folder / ("Data/Images/" + std::string(picture) + ".jpg"), "x");
        writeText(folder / ("Data/Fiducials/" + std::string(picture) + ".txt"), fiducials(60));
    }
    fs::create_directories(folder / "Data/Images/009/frontal");
    writeText(folder / "Data/Images/list.txt", "x");
    writeText(folder / "Data/Fiducials/001/frontal/02.txt", "1,2\n");
    const Labels labels = readCfp(folder.path(), {parseRange("5-7")}, true);
    EXPECT_THAT(files(labels),
                ElementsAre("cfp001:Data/Images/001/frontal/01.jpg", "cfp001:Data/Images/001/profile/01.jpg",
                            "cfp007:Data/Images/007/frontal/01.jpg"));
    EXPECT_EQ(labels.rows[1].line, 3U);
    EXPECT_EQ(labels.rows[0].split, 0);
    EXPECT_EQ(labels.rows[2].split, 1);
    EXPECT_TRUE(labels.rows[0].hasLandmarks);
    ASSERT_EQ(labels.dropped.size(), 2U);
    EXPECT_EQ(labels.dropped[0].line, 2U);
    EXPECT_THAT(labels.dropped[0].reason, AllOf(HasSubstr("02.txt"), HasSubstr("1 points, expected 30")));
    EXPECT_EQ(labels.dropped[1].file, "Data/Images/009");
    // A detector may still find the face.
    const Labels lenient = readCfp(folder.path(), {}, false);
    ASSERT_EQ(lenient.rows.size(), 4U);
    EXPECT_FALSE(lenient.rows[1].hasLandmarks);
}

TEST(CfpLayout, MakesFiveLandmarksOfHalfAFace) {
    const TemporaryFolder folder;
    const std::string path = folder / "01.txt";
    writeText(path, fiducials(60));
    const Fiducials marked = readFiducials(path, false);
    const Landmarks& frontal = marked.landmarks;
    EXPECT_TRUE(marked.rightSide);
    // Mirrored about the line x = 60; the visible eye is the subject's right one.
    EXPECT_EQ(frontal[0], cv::Point2f(40, 50));
    EXPECT_EQ(frontal[1], cv::Point2f(80, 50));
    EXPECT_EQ(frontal[3], cv::Point2f(45, 90));
    EXPECT_EQ(frontal[4], cv::Point2f(75, 90));
    // In a profile, the midpoints are nearer to the visible side; here the nose points to the image's left.
    writeText(path, fiducials(20));
    const Fiducials half = readFiducials(path, true);
    const Landmarks& profile = half.landmarks;
    EXPECT_FALSE(half.rightSide);
    EXPECT_EQ(profile[1], cv::Point2f(40, 50));
    EXPECT_NEAR((profile[0].x + profile[1].x) / 2, 40 - 0.70F * 20, 1e-3);
    EXPECT_EQ(profile[4], cv::Point2f(45, 90));
    EXPECT_NEAR((profile[3].x + profile[4].x) / 2, 45 - 0.52F * 25, 1e-3);
    const cv::Mat points(5, 2, CV_32F, const_cast<cv::Point2f*>(profile.data()));
    EXPECT_LT(cv::drgan::estimateYaw(points), -20);
}

TEST(CfpLayout, SaysWhatIsWrong) {
    const TemporaryFolder folder;
    EXPECT_THAT(messageOf([&] { readCfp(folder.path(), {}, true); }), HasSubstr("Data/Images"));
    fs::create_directories(folder / "Data/Images");
    EXPECT_THAT(messageOf([&] { readCfp(folder.path(), {}, true); }), HasSubstr("Data/Fiducials"));
    EXPECT_THAT(messageOf([&] { readCfp(folder.path(), {}, false); }), HasSubstr("one per person"));
    for (const char* line : {"1;2", "1,2,3", "nan,1", "1"}) {
        writeText(folder / "f.txt", line);
        EXPECT_THAT(messageOf([&] { readFiducials(folder / "f.txt", false); }), HasSubstr("f.txt:1")) << line;
    }
    EXPECT_EQ(parseRange("351-400"), NumberRange(351, 400));
    EXPECT_EQ(parseRange("7"), NumberRange(7, 7));
    for (const char* text : {"", "-", "4-", "-4", "9-3", "a-b", "1-2-3", "99999999999"}) {
        EXPECT_THAT(messageOf([&] { parseRange(text); }), HasSubstr("351-400")) << text;
    }
}

TEST(FaceCutter, CutsASquareAroundListedLandmarks) {
    CutterOptions options;
    options.listOnly = true;
    FaceCutter cutter(options);
    const drgan_test::DrawnFace face = drgan_test::drawFace({900, 600}, {600, 300}, 150);
    Label label;
    label.hasLandmarks = true;
    for (int k = 0; k < 5; ++k) {
        label.landmarks[k] = {face.landmarks.at<float>(k, 0), face.landmarks.at<float>(k, 1)};
    }
    const FaceView view = cutter.cut(face.picture, label);
    EXPECT_FALSE(view.detected);
    EXPECT_EQ(view.square.size(), view.picture.size());
    // The pixels around the landmarks are the same.
    const cv::Point shift = cv::Point(label.landmarks[2] - view.landmarks[2]);
    cv::Mat same;
    cv::compare(view.picture, face.picture(cv::Rect(shift, view.picture.size())), same, cv::CMP_EQ);
    EXPECT_EQ(cv::countNonZero(same.reshape(1)), static_cast<int>(same.total() * 3));

    for (cv::Point2f& p : label.landmarks) {
        p -= cv::Point2f(600, 300) - cv::Point2f(20, 20);  // near the corner
    }
    const FaceView corner = cutter.cut(face.picture, label);
    EXPECT_LT(corner.square.x, 0);
    EXPECT_LT(corner.picture.cols, corner.square.width);
    EXPECT_EQ(corner.landmarks[0], label.landmarks[0]);

    for (cv::Point2f& p : label.landmarks) {
        p = p * 0.05F + cv::Point2f(100, 100);
    }
    EXPECT_THAT(messageOf([&] { cutter.cut(face.picture, label); }), HasSubstr("expected at least 20"));
    label.landmarks[0].x = NAN;
    EXPECT_THAT(messageOf([&] { cutter.cut(face.picture, label); }), HasSubstr("outside the picture of 900x600"));
    label.hasLandmarks = false;
    EXPECT_THAT(messageOf([&] { cutter.cut(face.picture, label); }), HasSubstr("no landmarks"));
}

TEST(FivePoint, TakesTheLandmarksToTheirPlaces) {
    // The fixed places, rotated by 90 degrees, doubled and shifted: the fit reverses that exactly.
    constexpr float places[5][2] = {
        {38.2946F, 51.6963F}, {73.5318F, 51.5014F}, {56.0252F, 71.7366F}, {41.5493F, 92.3655F}, {70.7299F, 92.2041F}};
    cv::Mat picture(300, 300, CV_8UC3, cv::Scalar::all(9));
    Landmarks landmarks;
    for (int k = 0; k < 5; ++k) {
        landmarks[k] = cv::Point2f(-places[k][1], places[k][0]) * 2 + cv::Point2f(220, 10);
        picture(cv::Rect(cv::Point(landmarks[k]) - cv::Point(4, 4), cv::Size(9, 9))).setTo(cv::Scalar::all(255));
    }
    const cv::Mat aligned = alignFivePoint(picture, landmarks, 112);
    for (const auto& place : places) {
        EXPECT_EQ(aligned.at<cv::Vec3b>(cvRound(place[1]), cvRound(place[0]))[0], 255);
    }
    EXPECT_EQ(aligned.at<cv::Vec3b>(5, 56)[0], 9);
    EXPECT_EQ(aligned.at<cv::Vec3b>(111, 56)[0], 0);  // outside the picture
    landmarks.fill({5, 5});
    EXPECT_THAT(messageOf([&] { alignFivePoint(picture, landmarks, 112); }), HasSubstr("no place"));
}

}  // namespace
}  // namespace drgan::data
