// SPDX-License-Identifier: Apache-2.0
//
// Every public function that takes a picture takes the same types: 8-bit, grey, BGR or BGRA.
#include <gtest/gtest.h>

#include <functional>
#include <opencv2/drgan.hpp>
#include <opencv2/imgproc.hpp>

#include "expect_error.hpp"
#include "pictures.hpp"
#include "tiny_onnx.hpp"

namespace {

using namespace cv::drgan;

struct Taker {
    const char* name;
    std::function<cv::Mat(const cv::Mat& picture)> result;
};

class PictureTypes : public testing::Test {
protected:
    PictureTypes() : encoder(Encoder::create(drgan_test::tinyEncoder())) {
        drgan_test::TinyOptions options;
        options.withDetector = true;
        detector = Detector::create(drgan_test::tinyDetector(options));
        aligner = Aligner::create(drgan_test::tinyAligner(options));
        finder = FaceFinder::create();
        const int side = encoder->alignment().size;
        face = drgan_test::drawFace({side, side}, cv::Point2f(side / 2.F, side / 2.F), side * 0.8F).picture;
    }

    std::vector<Taker> takers() {
        const cv::Mat box = (cv::Mat_<float>(1, 4) << 2, 2, 20, 20);
        return {{"alignCrop",
                 [=](const cv::Mat& p) {
                     cv::Mat out;
                     alignCrop(p, box, out, encoder->alignment());
                     return out;
                 }},
                {"Encoder::alignCrop",
                 [=](const cv::Mat& p) {
                     cv::Mat out;
                     encoder->alignCrop(p, box, out);
                     return out;
                 }},
                {"Encoder::feature",
                 [=](const cv::Mat& p) {
                     cv::Mat out;
                     float confidence = 0;
                     encoder->feature(p, out, confidence);
                     return out;
                 }},
                {"Encoder::features",
                 [=](const cv::Mat& p) {
                     cv::Mat out, confidences;
                     encoder->features(std::vector<cv::Mat>{p, p}, out, confidences);
                     return out;
                 }},
                {"Aligner::align",
                 [=](const cv::Mat& p) {
                     cv::Mat out;
                     aligner->align(p, box, out);
                     return out;
                 }},
                {"Detector::detect",
                 [=](const cv::Mat& p) {
                     cv::Mat out;
                     detector->detect(p, out);
                     return out;
                 }},
                {"FaceFinder::find",
                 [=](const cv::Mat& p) {
                     cv::Mat out;
                     finder->find(p, out);
                     return out;
                 }},
                {"FaceFinder::findMain", [=](const cv::Mat& p) {
                     cv::Mat out;
                     finder->findMain(p, out);
                     return out;
                 }}};
    }

    cv::Ptr<Encoder> encoder;
    cv::Ptr<Detector> detector;
    cv::Ptr<Aligner> aligner;
    cv::Ptr<FaceFinder> finder;
    cv::Mat face;  // BGR, of the encoder's size
};

TEST_F(PictureTypes, GreyAndBgraGiveWhatTheSameBgrGives) {
    cv::Mat bgra, grey, greyBgr;
    cv::cvtColor(face, bgra, cv::COLOR_BGR2BGRA);
    cv::cvtColor(face, grey, cv::COLOR_BGR2GRAY);
    cv::cvtColor(grey, greyBgr, cv::COLOR_GRAY2BGR);
    for (const Taker& taker : takers()) {
        EXPECT_EQ(cv::norm(taker.result(bgra), taker.result(face), cv::NORM_INF), 0) << taker.name;
        EXPECT_EQ(cv::norm(taker.result(grey), taker.result(greyBgr), cv::NORM_INF), 0) << taker.name;
    }
}

TEST_F(PictureTypes, OthersAreRefused) {
    for (const Taker& taker : takers()) {
        SCOPED_TRACE(taker.name);
        for (const int type : {CV_16UC1, CV_16UC3, CV_16UC4}) {
            cv::Mat deep(face.size(), type, cv::Scalar::all(30000));
            drgan_test::expectError([&] { taker.result(deep); },
                                    {cv::typeToString(type), "3 (BGR) or 4 (BGRA)", "convertTo(dst, CV_8U, 1. / 257)"});
        }
        for (const int type : {CV_8UC2, CV_8SC3, CV_32FC1, CV_32FC3, CV_64FC3}) {
            drgan_test::expectError([&] { taker.result(cv::Mat::zeros(face.size(), type)); },
                                    {cv::typeToString(type), "3 (BGR) or 4 (BGRA)"});
        }
        drgan_test::expectError([&] { taker.result(cv::Mat()); }, {"empty"});
    }
}

// Drawings do not show that a network uses the picture: here a trained one detects the same faces in all three types.
TEST_F(PictureTypes, TheShippedFinderFindsFacesInAllThree) {
    const Bundle bundle = Bundle::load();
    const auto decoder = Decoder::create(bundle.decoder);
    cv::Mat embedding(1, decoder->embeddingSize(), CV_32F), front;
    cv::RNG(7).fill(embedding, cv::RNG::NORMAL, 0, 1);
    decoder->frontalize(embedding, front);
    cv::Mat picture(300, 300, CV_8UC3, cv::Scalar(150, 140, 120));
    cv::resize(front, front, {160, 160});
    front.copyTo(picture(cv::Rect(70, 70, 160, 160)));
    cv::Mat bgra, grey, row;
    cv::cvtColor(picture, bgra, cv::COLOR_BGR2BGRA);
    cv::cvtColor(picture, grey, cv::COLOR_BGR2GRAY);
    const auto shipped = FaceFinder::create("", bundle.folder);
    for (const cv::Mat& p : {picture, bgra, grey}) {
        ASSERT_TRUE(shipped->findMain(p, row)) << cv::typeToString(p.type());
        EXPECT_TRUE(cv::Rect2f(110, 110, 80, 80)
                        .contains(cv::Point2f(row.at<float>(0) + row.at<float>(2) / 2,
                                              row.at<float>(1) + row.at<float>(3) / 2)));
    }
}

}  // namespace
