// SPDX-License-Identifier: Apache-2.0
#include "detection_scenes.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <opencv2/imgcodecs.hpp>
#include <stdexcept>

#include "io/scene_faces.hpp"
#include "metrics/average_precision.hpp"

namespace drgan::bench {

namespace {

struct Range {
    const char* name;
    SizeRange of;
};
constexpr double noMore = 1e9;
const Range ranges[] = {
    {"12 and more", {12, noMore}}, {"12-24", {12, 24}}, {"24-48", {24, 48}}, {"48 and more", {48, noMore}}};

struct Result {
    std::vector<std::vector<ScoredBox>> found;
    std::vector<double> milliseconds;
};

std::vector<ScoredBox> boxesOf(const cv::Mat& rows) {
    std::vector<ScoredBox> boxes;
    for (int i = 0; i < rows.rows; ++i) {
        const auto* r = rows.ptr<float>(i);
        boxes.push_back({r[0], r[1], r[2], r[3], r[rows.cols - 1]});
    }
    return boxes;
}

}  // namespace

void compareOnScenes(const std::string& folder, const std::string& table, const std::vector<SceneDetector>& detectors) {
    std::vector<std::vector<ScoredBox>> truth;
    std::vector<Result> results(detectors.size());
    size_t faces = 0;
    for (const auto& [file, known] : io::readSceneFaces(table)) {
        const cv::Mat picture = cv::imread(folder + "/" + file);
        if (picture.empty()) {
            throw std::runtime_error(folder + "/" + file + ": cannot be read as a picture");
        }
        truth.emplace_back();
        for (const io::LabelledFace& face : known) {
            truth.back().push_back({face.box.x, face.box.y, face.box.width, face.box.height, 1});
        }
        faces += known.size();
        for (size_t i = 0; i < detectors.size(); ++i) {
            // The first time, cv::dnn plans its memory for the size.
            results[i].found.push_back(boxesOf(detectors[i].find(picture, detectors[i].leastScore)));
            const auto start = std::chrono::steady_clock::now();
            detectors[i].find(picture, detectors[i].usualScore);
            const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
            results[i].milliseconds.push_back(took.count());
        }
    }
    std::printf("%zu pictures, %zu faces; average precision by the side of the face, pixels\n", truth.size(), faces);
    std::printf("%-22s %-5s", "", "IoU");
    for (const Range& range : ranges) {
        std::printf("%13s", range.name);
    }
    std::printf("   ms a picture (median, %d threads)\n", cv::getNumThreads());
    for (size_t i = 0; i < detectors.size(); ++i) {
        for (const double least : {0.5, 0.3}) {
            std::printf("%-22s %-5.1f", detectors[i].name.c_str(), least);
            for (const Range& range : ranges) {
                std::printf("%13.3f", averagePrecision(results[i].found, truth, range.of, least));
            }
            auto& times = results[i].milliseconds;
            std::nth_element(times.begin(), times.begin() + static_cast<long>(times.size() / 2), times.end());
            std::printf("   %.2f\n", times[times.size() / 2]);
        }
    }
}

}  // namespace drgan::bench
