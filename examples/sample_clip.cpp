// SPDX-License-Identifier: Apache-2.0
//
// Makes the demo's sample clip from portraits: people who enter, turn their heads and leave, in front of a bookshelf.
// With a bundle, a screen on the wall shows a generated person who turns from -60 to 60 degrees.

#include <opencv2/core/utils/logger.hpp>
#include <opencv2/drgan.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "puppet.hpp"

namespace {

using drgan::examples::Pose;
using drgan::examples::Puppet;

const cv::Size frameSize(640, 480);
constexpr double fps = 25;

/// 0 before `from`, 1 after `to`, smooth between.
double ease(double t, double from, double to) {
    const double x = std::clamp((t - from) / (to - from), 0.0, 1.0);
    return x * x * (3 - 2 * x);
}

cv::Mat bookshelf() {
    cv::Mat wall(frameSize, CV_8UC3);
    for (int y = 0; y < wall.rows; ++y) {
        wall.row(y).setTo(cv::Scalar(120, 135, 150) * (1.15 - 0.5 * y / wall.rows));
    }
    cv::RNG random(7);
    const std::vector<cv::Scalar> covers{{60, 60, 120},   {110, 80, 50}, {70, 100, 70},
                                         {150, 160, 170}, {40, 70, 130}, {90, 60, 90}};
    for (int shelf = 40; shelf < wall.rows; shelf += 130) {
        for (int x = 10; x < wall.cols;) {
            const int width = random.uniform(10, 30);
            const int height = random.uniform(65, 105);
            if (random.uniform(0, 10) > 1) {
                const cv::Scalar cover = covers[static_cast<size_t>(random.uniform(0, 6))];
                cv::rectangle(wall, cv::Rect(x, shelf + 110 - height, width, height), cover * random.uniform(0.8, 1.2),
                              cv::FILLED);
            }
            x += width + 1;
        }
        cv::rectangle(wall, cv::Rect(0, shelf + 110, wall.cols, 14), cv::Scalar(45, 65, 90), cv::FILLED);
    }
    cv::GaussianBlur(wall, wall, cv::Size(), 6);
    return wall;
}

/// A generated person at the decoder's yaws from -60 to 60 degrees, in colours that fade out towards the crop's rim.
std::vector<cv::Mat> generatedPerson(const std::string& folder, int seed) {
    const cv::drgan::Bundle bundle = cv::drgan::Bundle::load(folder);
    const cv::Ptr<cv::drgan::Encoder> encoder = cv::drgan::Encoder::create(bundle.encoder);
    const cv::Ptr<cv::drgan::Decoder> decoder = cv::drgan::Decoder::create(bundle.decoder, encoder);
    cv::RNG random(static_cast<uint64_t>(seed));
    // A person who does not exist: a random direction with the norm of a real embedding.
    const int side = encoder->alignment().size;
    cv::Mat embedding(1, encoder->embeddingSize(), CV_32F);
    random.fill(embedding, cv::RNG::NORMAL, 0, 1);
    cv::Mat plain;
    float confidence = 0;
    encoder->feature(cv::Mat(side, side, CV_8UC3, cv::Scalar::all(128)), plain, confidence);
    embedding *= cv::norm(plain) / std::max(cv::norm(embedding), 1e-9);

    std::vector<cv::Mat> faces;
    for (const float yaw : decoder->poses()) {
        if (std::abs(yaw) <= 60) {
            cv::Mat face;
            decoder->rotate(embedding, yaw, face);
            faces.push_back(face);
        }
    }
    return faces;
}

void drawScreen(cv::Mat& frame, const std::vector<cv::Mat>& faces, double t) {
    const cv::Rect screen(250, 18, 150, 150);
    cv::rectangle(frame, screen + cv::Size(12, 12) - cv::Point(6, 6), cv::Scalar(25, 25, 25), cv::FILLED);
    // there and back again in 8 seconds; between two yaws the pictures are blended
    const double place = (0.5 - 0.5 * std::cos(2 * CV_PI * t / 8)) * static_cast<double>(faces.size() - 1);
    const size_t first = std::min(static_cast<size_t>(place), faces.size() - 1);
    const size_t second = std::min(first + 1, faces.size() - 1);
    const double part = place - static_cast<double>(first);
    cv::Mat face;
    cv::addWeighted(faces[first], 1 - part, faces[second], part, 0, face);
    const int margin = face.cols / 6;
    cv::copyMakeBorder(face, face, margin, margin, margin, margin, cv::BORDER_REPLICATE);
    cv::resize(face, face, screen.size(), 0, 0, cv::INTER_CUBIC);
    face.copyTo(frame(screen));
}

/// The movement of the people: the first is there from the start and leaves, the second enters later.
Pose poseOf(size_t person, double t) {
    Pose pose;
    const double swing = 2 * CV_PI * t;
    if (person % 2 == 0) {
        const double gone = ease(t, 9.2, 11.2);
        pose.faceWidth = 142 + 8 * std::sin(swing / 7);
        pose.face = {152 + 10 * std::sin(swing / 5) - 420 * gone, 266 + 5 * std::sin(swing / 3)};
        pose.yaw = 26 * std::sin(swing / 4.5) * (1 - gone) - 24 * gone;
        pose.roll = 4 * std::sin(swing / 6);
    } else {
        const double away = 1 - ease(t, 1.2, 3.2);
        pose.faceWidth = 94 + 14 * ease(t, 4, 9);
        pose.face = {468 + 14 * std::sin(swing / 6) + 460 * away, 185 + 6 * std::sin(swing / 3.5)};
        pose.yaw = 25 * std::sin(swing / 5 + 2.2) * (1 - away) - 24 * away;
        pose.roll = -4 * std::sin(swing / 5.5);
    }
    return pose;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> portraits;
    std::string output = "sample.mp4";
    std::string bundle;
    double seconds = 12;
    CLI::App app("Makes the demo's sample clip: 640x480, 25 frames a second, H.264 in MP4.");
    app.add_option("portraits", portraits, "at most two pictures of one person each, upright, facing the camera")
        ->check(CLI::ExistingFile)
        ->expected(0, 2);
    app.add_option("-o,--output", output, "file to write")->capture_default_str();
    app.add_option("--bundle", bundle, "show a person generated by this bundle on a screen on the wall")
        ->check(CLI::ExistingDirectory);
    app.add_option("--seconds", seconds, "length of the clip")->check(CLI::Range(1.0, 600.0))->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_ERROR);
    try {
        if (portraits.empty() && bundle.empty()) {
            throw std::runtime_error("nothing to show: give a portrait or --bundle");
        }
        std::vector<Puppet> people;
        for (const std::string& file : portraits) {
            const cv::Mat picture = cv::imread(file, cv::IMREAD_COLOR);
            if (picture.empty()) {
                throw std::runtime_error("cannot read the picture " + file);
            }
            people.emplace_back(picture);
        }
        const std::vector<cv::Mat> faces = bundle.empty() ? std::vector<cv::Mat>() : generatedPerson(bundle, 3);
        const std::string pipeline =
            "appsrc ! videoconvert ! video/x-raw,format=I420 ! x264enc speed-preset=faster pass=quant quantizer=18 ! "
            "h264parse ! mp4mux faststart=true ! filesink location=\"" +
            output + "\"";
        cv::VideoWriter writer(pipeline, cv::CAP_GSTREAMER, 0, fps, frameSize);
        if (!writer.isOpened()) {
            throw std::runtime_error("cannot write " + output + ": GStreamer refused " + pipeline);
        }
        const cv::Mat wall = bookshelf();
        cv::RNG grain(11);
        cv::Mat noise(frameSize, CV_16SC3);
        for (int i = 0; i < cvRound(seconds * fps); ++i) {
            const double t = i / fps;
            cv::Mat frame = wall.clone();
            if (!faces.empty()) {
                drawScreen(frame, faces, t);
            }
            for (size_t k = 0; k < people.size(); ++k) {
                people[k].draw(frame, poseOf(k, t));
            }
            grain.fill(noise, cv::RNG::NORMAL, 0, 2.5);
            cv::add(frame, noise, frame, cv::noArray(), CV_8UC3);
            writer.write(frame);
        }
        writer.release();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "drgan-sample-clip: %s\n", error.what());
        return 1;
    }
    return 0;
}
