// SPDX-License-Identifier: Apache-2.0
//
// Measures the speed of the default bundle's networks and of the element, compared with GStreamer's facedetect and with
// a loop of OpenCV's own detector and a recogniser, in one run.
// usage: drgan-bench CLIP [Google Benchmark's options]

#include <benchmark/benchmark.h>
#include <gst/gst.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <opencv2/core/utility.hpp>
#include <opencv2/core/utils/logger.hpp>

#include "bench_parts.hpp"
#include "bench_table.hpp"

namespace {

using namespace drgan::benchmarks;

constexpr size_t gridFrames = 50;  // are kept in memory and repeated

std::vector<GridClip> makeGrid(const Clip& clip) {
    std::vector<GridClip> out;
    for (const cv::Size size : {cv::Size(640, 480), cv::Size(1920, 1080)}) {
        for (const int faces : {1, 4, 16}) {
            out.push_back({std::to_string(size.width) + "x" + std::to_string(size.height) + ", " +
                               (faces < 10 ? " " : "") + std::to_string(faces) + (faces > 1 ? " faces" : " face"),
                           manyFaces(clip, faces, size, gridFrames)});
        }
    }
    return out;
}

int run(int argc, char** argv) {
    const std::string cascade = DRGAN_CASCADES "/haarcascade_frontalface_default.xml";
    const Clip clip = readClip(argv[1], cascade);
    std::printf("%d cores; clip: %zu frames of %dx%d, one face\n", cv::getNumberOfCPUs(), clip.frames.size(),
                clip.frames.front().cols, clip.frames.front().rows);
    const Clip eight = eightFaces(clip);
    const std::vector<GridClip> grid = makeGrid(clip);
    registerNetworks(clip, eight);
    registerElement(clip, eight);
    const char* broker = std::getenv("DRGAN_BENCH_BROKER");
    const char* folder = std::getenv("DRGAN_BENCH_FOLDER");
    if (broker != nullptr && folder != nullptr) {
        registerReporting(clip, broker, folder);
    } else {
        std::printf("no DRGAN_BENCH_BROKER and DRGAN_BENCH_FOLDER: reporting is left out; scripts/bench sets them\n");
    }
    registerGrid(grid, cascade);
    const char* shared = std::getenv("DRGAN_SHARED");
    const std::string models = std::string(shared != nullptr ? shared : ".") + "/models/";
    const std::string yunet = models + "face_detection_yunet_2022.onnx";
    const std::string recogniser = models + "mobilefacenet_opencv46.onnx";
    if (std::ifstream(yunet) && std::ifstream(recogniser)) {
        registerOpenCv(grid, yunet, recogniser);
    } else {
        std::printf(
            "no %s or no %s: the loop of YuNet and MobileFaceNet is left out; DRGAN_SHARED names their folder\n",
            yunet.c_str(), recogniser.c_str());
    }
    std::fflush(stdout);
    // Interleave the runs of all benchmarks, so that other load on the machine affects all of them.
    std::string interleave = "--benchmark_enable_random_interleaving=true";
    std::vector<char*> arguments{argv[0], interleave.data()};
    arguments.insert(arguments.end(), argv + 2, argv + argc);
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) {
        return 2;
    }
    BenchTable table;
    benchmark::RunSpecifiedBenchmarks(&table);
    return table.failed() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: drgan-bench CLIP [options of Google Benchmark]\n");
        return 2;
    }
    // facedetect complains about cascades that Debian does not ship, but works without them
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_FATAL);
    gst_init(nullptr, nullptr);
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "drgan-bench: %s\n", error.what());
        return 1;
    }
}
