// SPDX-License-Identifier: Apache-2.0
//
// drgan-eval's plots; without PLplot, the message that they are missing.

#include "eval/plots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <set>

#include "temporary_folder.hpp"

namespace drgan::eval {
namespace {

using drgan::test::messageOf;
using drgan::test::TemporaryFolder;
using drgan::test::writeText;
using testing::AllOf;
using testing::HasSubstr;

#ifdef DRGAN_HAVE_PLOTS

const PairScores scores{{0.9F, 0.8F, 0.4F}, {0.1F, 0.5F, 0.3F, 0.2F}};

size_t coloursOf(const std::string& path) {
    const cv::Mat picture = cv::imread(path, cv::IMREAD_COLOR);
    std::set<int> colours;
    for (int y = 0; y < picture.rows; ++y) {
        for (int x = 0; x < picture.cols; ++x) {
            const cv::Vec3b p = picture.at<cv::Vec3b>(y, x);
            colours.insert((p[0] << 16) + (p[1] << 8) + p[2]);
        }
    }
    return colours.size();
}

bool hasColour(const std::string& path, const cv::Vec3b& bgr) {
    const cv::Mat picture = cv::imread(path, cv::IMREAD_COLOR);
    cv::Mat mask;
    cv::inRange(picture, bgr, bgr, mask);
    return cv::countNonZero(mask) > 20;
}

const cv::Vec3b blue(181, 90, 0), orange(0, 90, 220), green(80, 140, 0);

TEST(Plots, AreReadablePictures) {
    const TemporaryFolder folder;
    const Plots plots(folder.path() + "/new/folder");  // creates the folder
    plots.roc({{"FF", scores}, {"FP", scores}, {"all", scores}});
    plots.confidence({{-80, 0.3, 0.2}, {-78, 0.35, 0.22}, {0, 0.9, 0.7}, {3, 0.8, 0.6}, {60, 0.5, 0.4}});
    Fusion one, two;
    one.n = 1;
    one.confidence = one.mean = one.best = {0.1, 0.9};
    two.n = 2;
    two.confidence = {0.01, 0.99};
    two.mean = {0.02, 0.98};
    two.best = {0.05, 0.95};
    plots.fusion({one, two}, {one, two});
    for (const char* name : {"roc.png", "confidence.png", "fusion.png"}) {
        const std::string path = folder.path() + "/new/folder/" + name;
        EXPECT_GT(coloursOf(path), 8U) << name;
        EXPECT_TRUE(hasColour(path, blue)) << name;
        EXPECT_TRUE(hasColour(path, orange)) << name;
    }
    EXPECT_TRUE(hasColour(folder.path() + "/new/folder/fusion.png", green));
    EXPECT_FALSE(std::filesystem::exists(folder.path() + "/new/folder/.drgan-eval"));
}

TEST(Plots, OfFewPicturesAreDrawn) {
    const TemporaryFolder folder;
    const Plots plots(folder.path());
    plots.roc({{"perfect", {{0.9F}, {0.1F}}}});
    plots.confidence({{0, 0.5, 0.4}});
    plots.fusion({}, {});
    EXPECT_GT(coloursOf(folder.path() + "/fusion.png"), 2U);
}

TEST(Plots, SayWhyTheyCannotBeWritten) {
    const TemporaryFolder folder;
    writeText(folder / "file", "no folder");
    EXPECT_THAT(messageOf([&] { Plots plots(folder / "file"); }), AllOf(HasSubstr("/file"), HasSubstr("directory")));
    EXPECT_THAT(messageOf([&] { Plots plots(folder.path() + "/file/below"); }),
                AllOf(HasSubstr("file/below"), HasSubstr("cannot make the folder")));
    std::filesystem::create_directories(folder.path() + "/full");
    const Plots plots(folder.path() + "/full");
    std::filesystem::create_symlink("/dev/full", folder.path() + "/full/roc.png");
    EXPECT_THAT(messageOf([&] {
                    plots.roc({{"FF", scores}});
                }),
                AllOf(HasSubstr("full/roc.png: cannot write the plot"), HasSubstr("No space left")));
    std::filesystem::create_directories(folder.path() + "/probe");
    std::filesystem::create_symlink("/dev/full", folder.path() + "/probe/.drgan-eval");
    EXPECT_THAT(messageOf([&] { Plots early(folder.path() + "/probe"); }),
                AllOf(HasSubstr("/probe: cannot write into the folder"), HasSubstr("No space left")));
}

#else

TEST(Plots, NameThePackageThatIsMissing) {
    EXPECT_THAT(messageOf([] { Plots plots("anywhere"); }), AllOf(HasSubstr("anywhere"), HasSubstr("libplplot-dev")));
}

#endif

}  // namespace
}  // namespace drgan::eval
