// SPDX-License-Identifier: Apache-2.0
//
// Panned, zoomed and rolled stills (shared research data, not part of the project): a person keeps one id, with the
// detector running once a second.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <opencv2/imgcodecs.hpp>

#include "core/pipeline.hpp"
#include "imgproc.hpp"

namespace {

using drgan::millisecond;
using drgan::Pipeline;

constexpr int frames = 75, framesPerSecond = 25;
constexpr double pictureSide = 200;  // pixels of the 320x240 frame, at zoom 1

struct Camera {
    double x = 0, y = 0;  // pixels
    double zoom = 1;
    double roll = 0;  // degrees
};

struct Move {
    const char* name;
    std::function<Camera(double phase)> at;  // phase in [0, 2 pi), once around in three seconds
};

std::ostream& operator<<(std::ostream& out, const Move& m) { return out << m.name; }

cv::Mat look(const cv::Mat& still, const Camera& c) {
    const double scale = c.zoom * pictureSide / std::max(still.cols, still.rows);
    cv::Mat m = cv::getRotationMatrix2D(cv::Point2f(still.size()) / 2, c.roll, scale);
    m.at<double>(0, 2) += 160 - still.cols / 2.0 + c.x;
    m.at<double>(1, 2) += 120 - still.rows / 2.0 + c.y;
    cv::Mat frame;
    cv::warpAffine(still, frame, m, {320, 240}, cv::INTER_AREA, cv::BORDER_CONSTANT, cv::Scalar::all(90));
    return frame;
}

Pipeline makePipeline(const std::string& folder) {
    const auto bundle = cv::drgan::Bundle::load(folder);
    Pipeline::Models models;
    models.encoder = cv::drgan::Encoder::create(bundle.encoder);
    models.decoder = cv::drgan::Decoder::create(bundle.decoder, models.encoder);
    models.aligner = cv::drgan::Aligner::create(bundle.aligner, models.encoder);
    const auto detector = cv::drgan::Detector::create(bundle.detector, models.encoder);
    detector->setScoreThreshold(0.65F);  // the element's default
    models.finder = cv::drgan::FaceFinder::createFromModels(detector);
    models.matchThreshold = bundle.matchThreshold;
    Pipeline::Options options;
    options.detectInterval = framesPerSecond;
    options.frontals = false;
    return {std::move(models), options};
}

class MovedStills : public testing::TestWithParam<Move> {};

INSTANTIATE_TEST_SUITE_P(
    All, MovedStills,
    testing::Values(Move{"pan", [](double p) { return Camera{80 * std::sin(p), 20 * std::sin(2 * p), 1, 0}; }},
                    Move{"zoom", [](double p) { return Camera{0, 0, std::exp2(std::sin(p)), 0}; }},
                    Move{"roll", [](double p) { return Camera{0, 0, 1, 30 * std::sin(p)}; }}));

TEST_P(MovedStills, AreOnePersonUnderOneId) {
    const char* shared = std::getenv("DRGAN_SHARED");
    const char* bundle = std::getenv("DRGAN_BUNDLE");
    const std::string images = std::string(shared != nullptr ? shared : "") + "/data/cfp/Data/Images/";
    for (const std::string& file :
         {images + "351/frontal/01.jpg", std::string(bundle != nullptr ? bundle : "") + "/detector.onnx"}) {
        if (!std::ifstream(file)) {
            GTEST_SKIP() << "no " << file << "; set DRGAN_SHARED to the research data, DRGAN_BUNDLE to a trained bundle";
        }
    }
    Pipeline pipeline = makePipeline(bundle);
    int all = 0, underOneId = 0, clips = 0, whole = 0;
    drgan::Time now = 0;
    for (int person = 351; person <= 399; person += 6) {
        for (const char* kind : {"/frontal/01.jpg", "/profile/01.jpg"}) {
            const cv::Mat still = cv::imread(images + std::to_string(person) + kind);
            ASSERT_FALSE(still.empty()) << person << kind;
            std::map<int, int> framesById;
            for (int i = 0; i < frames; ++i, now += 1000 / framesPerSecond * millisecond) {
                cv::Mat frame = look(still, GetParam().at(2 * CV_PI * i / frames));
                const drgan::FrameView view(drgan::PixelLayout::bgr, {frame}, {});
                for (const auto& track : pipeline.process(view, now, {}).tracks) {
                    ++framesById[track.id];
                }
            }
            pipeline.finish();
            int most = 0;
            for (const auto& [id, count] : framesById) {
                most = std::max(most, count);
            }
            all += frames;
            underOneId += most;
            ++clips;
            whole += most == frames;
            if (most < frames) {
                std::cout << "  " << person << kind << ": " << most << " of " << frames << " frames under one id, "
                          << framesById.size() << " id(s)\n";
            }
        }
    }
    std::cout << GetParam() << ": " << underOneId << " of " << all << " frames under one id per person; " << whole
              << " of " << clips << " clips whole\n";
    // The zoom is the hardest: 1313 of 1350 frames with OpenCV 4.6, 1279 with 4.10.
    EXPECT_GE(underOneId, all * 94 / 100);
}

}  // namespace
