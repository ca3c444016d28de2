// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <opencv2/drgan.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "expect_error.hpp"
#include "pictures.hpp"
#include "tiny_onnx.hpp"
#include "yunet.hpp"

using cv::drgan::FaceFinder;

namespace {

/// The folder of research data, or empty with a message that says what is missing.
std::string shared() {
    const char* folder = std::getenv("DRGAN_SHARED");
    const std::string picture = std::string(folder ? folder : "") + "/data/cfp/Data/Images/351/frontal/01.jpg";
    return folder && cv::haveImageReader(picture) ? folder : "";
}

#define NEEDS_SHARED(folder)                                                                       \
    const std::string folder = shared();                                                           \
    if (folder.empty()) {                                                                          \
        GTEST_SKIP() << "needs CFP's pictures in the folder that the variable DRGAN_SHARED names"; \
    }

/// How many of the first pictures of people 351-400 have their main face found.
int found(FaceFinder& finder, const std::string& folder, const char* kind, int people) {
    int count = 0;
    for (int person = 351; person < 351 + people; ++person) {
        const cv::Mat picture =
            cv::imread(folder + "/data/cfp/Data/Images/" + std::to_string(person) + "/" + kind + "/01.jpg");
        cv::Mat face;
        count += finder.findMain(picture, face) ? 1 : 0;
    }
    return count;
}

TEST(FaceFinder, NothingIsFoundWhereNothingIs) {
    const auto finder = FaceFinder::create();
    cv::Mat faces;
    for (const cv::Size size : {cv::Size(1, 1), cv::Size(3, 200), cv::Size(320, 240)}) {
        finder->find(cv::Mat(size, CV_8UC3, cv::Scalar::all(90)), faces);
        EXPECT_TRUE(faces.empty()) << size;
        EXPECT_FALSE(finder->findMain(cv::Mat(size, CV_8UC3, cv::Scalar::all(90)), faces)) << size;
    }
}

TEST(FaceFinder, ErrorsNameTheFile) {
    const drgan_test::TempDir dir;
    drgan_test::writeFile(dir.path() + "/yunet.onnx", std::string("not a model"));
    drgan_test::expectError([&] { FaceFinder::create("/nowhere/yunet.onnx"); }, {"/nowhere/yunet.onnx"});
    drgan_test::expectError([&] { FaceFinder::create(dir.path() + "/yunet.onnx"); }, {"yunet.onnx", "YuNet of 202"});
    drgan_test::expectError([&] { FaceFinder::create("", "/nowhere"); }, {"/nowhere"});
    drgan_test::TinyOptions options;
    const std::string bundle = drgan_test::writeTinyBundle(dir.path() + "/bundle", options);
    drgan_test::expectError([&] { FaceFinder::create("", bundle); }, {bundle, "no detector.onnx", "YuNet"});
    options.withDetector = true;
    drgan_test::writeTinyBundle(bundle, options);
    drgan_test::expectError([&] { FaceFinder::create("", bundle); }, {bundle, "no aligner.onnx"});
    options.bundleId = "other";
    const auto detector = cv::drgan::Detector::create(drgan_test::tinyDetector());
    const auto stranger = cv::drgan::Aligner::create(drgan_test::tinyAligner(options));
    drgan_test::expectError([&] { FaceFinder::createFromModels(detector, stranger); }, {"\"tiny\"", "\"other\""});
    drgan_test::expectError([&] { FaceFinder::createFromModels({}); }, {"detector: got none"});
}

TEST(FaceFinder, AYuNetOfOtherVersionsOfOpenCvIsRefusedAtOnce) {
    const std::string model = drgan_test::yuNetOfOtherVersions();
    if (model.empty()) {
        GTEST_SKIP() << "needs face_detection_yunet_" << drgan_test::otherYuNetYear
                     << ".onnx, which this OpenCV cannot run, in models/ of the folder that DRGAN_SHARED names";
    }
    drgan_test::expectError([&] { FaceFinder::create(model); },
                            {model, "YuNet of " + std::to_string(drgan_test::yuNetYear)});
}

TEST(FaceFinder, YuNetFindsFrontalsAndProfiles) {
    NEEDS_SHARED(folder);
    NEEDS_YUNET(model);
    const auto finder = FaceFinder::create(model);
    EXPECT_TRUE(finder->measuresLandmarks());
    EXPECT_EQ(found(*finder, folder, "frontal", 20), 20);
    EXPECT_GE(found(*finder, folder, "profile", 20), 19);
}

TEST(FaceFinder, TheBundlesNetworksFindFrontalsAndProfiles) {
    NEEDS_SHARED(folder);
    const auto finder = FaceFinder::create();
    EXPECT_TRUE(finder->measuresLandmarks());
    EXPECT_EQ(found(*finder, folder, "frontal", 20), 20);
    EXPECT_GE(found(*finder, folder, "profile", 20), 18);
}

TEST(FaceFinder, TheBundlesPointsAreWhereYuNetSeesThem) {
    NEEDS_SHARED(folder);
    NEEDS_YUNET(model);
    const auto ours = FaceFinder::create();
    const auto yunet = FaceFinder::create(model);
    const cv::Mat picture = cv::imread(folder + "/data/cfp/Data/Images/351/frontal/01.jpg");
    cv::Mat a, b;
    ASSERT_TRUE(ours->findMain(picture, a));
    ASSERT_TRUE(yunet->findMain(picture, b));
    const cv::Mat difference = a.colRange(4, 14) - b.colRange(4, 14);
    EXPECT_LT(cv::norm(difference, cv::NORM_INF), 0.1 * b.at<float>(2));
}

TEST(FaceFinder, SmallFacesAndUnconfirmedOnesAreLeftOut) {
    drgan_test::DrawnFace face = drgan_test::drawFace({160, 160}, {80, 80}, 90, 0, 1);
    const auto bundle = cv::drgan::Bundle::load();
    const auto detector = cv::drgan::Detector::create(bundle.detector);
    detector->setScoreThreshold(0.01F);  // finds all kinds of things
    cv::Mat all, large, confirmed;
    FaceFinder::createFromModels(detector)->find(face.picture, all);
    ASSERT_FALSE(all.empty());
    FaceFinder::createFromModels(detector)->find(face.picture, large, 60);
    ASSERT_LT(large.rows, all.rows);
    for (int i = 0; i < large.rows; ++i) {
        EXPECT_GE(std::max(large.at<float>(i, 2), large.at<float>(i, 3)), 60);
    }
    FaceFinder::createFromModels(detector, cv::drgan::Aligner::create(bundle.aligner))->find(face.picture, confirmed);
    EXPECT_LT(confirmed.rows, all.rows);
}

TEST(FaceFinder, MainFaceIsTheSameAtEverySizeOfThePicture) {
    NEEDS_SHARED(folder);
    NEEDS_YUNET(model);
    const auto finder = FaceFinder::create(model);
    const cv::Mat picture = cv::imread(folder + "/data/cfp/Data/Images/352/frontal/01.jpg");
    cv::Mat reference;
    ASSERT_TRUE(finder->findMain(picture, reference));
    for (double scale : {0.5, 2.0}) {
        cv::Mat scaled, face;
        cv::resize(picture, scaled, cv::Size(), scale, scale, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
        ASSERT_TRUE(finder->findMain(scaled, face)) << scale;
        const cv::Mat difference = face.colRange(4, 14) / scale - reference.colRange(4, 14);
        EXPECT_LT(cv::norm(difference, cv::NORM_INF), 0.03 * reference.at<float>(2)) << scale;
    }
}

}  // namespace
