// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <chrono>
#include <exception>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include "bench_parts.hpp"
#include "bench_table.hpp"

namespace drgan::benchmarks {
namespace {

constexpr int repetitions = 3;
constexpr size_t frames = 24;     // few are enough, because all take the same time
constexpr int workingSide = 640;  // longer side of YuNet's input, as for the element's detector

/// Runs YuNet on the frame, then FaceRecognizerSF's alignment and a forward pass for one face after the other. The
/// embeddings are meaningless, because MobileFaceNet expects other input values than SFace, but the time is the same.
void loop(benchmark::State& state, const Clip& clip, const std::string& yunet, const std::string& recogniser) {
    try {
        const cv::Size full = clip.frames.front().size();
        const double scale = std::min(1., static_cast<double>(workingSide) / std::max(full.width, full.height));
        const cv::Size size(cvRound(full.width * scale), cvRound(full.height * scale));
        const auto detector = cv::FaceDetectorYN::create(yunet, "", size, 0.6F);
        const auto recognizer = cv::FaceRecognizerSF::create(recogniser, "");
        cv::Mat bgr;
        cv::Mat small;
        cv::Mat faces;
        cv::Mat aligned;
        cv::Mat embedding;
        double seen = 0;
        const auto look = [&](size_t i) {
            cv::cvtColor(clip.frames[i % clip.frames.size()], bgr, cv::COLOR_RGB2BGR);
            cv::resize(bgr, small, size, 0, 0, cv::INTER_AREA);
            detector->detect(small, faces);
            for (int f = 0; f < faces.rows; ++f) {
                cv::Mat face = faces.row(f).clone();
                face.colRange(0, 14) /= scale;
                recognizer->alignCrop(bgr, face, aligned);
                recognizer->feature(aligned, embedding);
                benchmark::DoNotOptimize(embedding.data);
            }
            seen += faces.rows;
        };
        look(0);  // allocates memory
        seen = 0;
        for (auto _ : state) {
            const auto start = std::chrono::steady_clock::now();
            for (size_t i = 0; i < frames; ++i) {
                look(i);
            }
            state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
        }
        state.counters["faces"] = seen / static_cast<double>(state.iterations() * frames);
        state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * frames));
    } catch (const std::exception& error) {
        state.SkipWithError(error.what());
    }
}

}  // namespace

void registerOpenCv(const std::vector<GridClip>& clips, const std::string& yunet, const std::string& recogniser) {
    for (const auto& c : clips) {
        benchmark::RegisterBenchmark(gridName(c.name, "YuNet, MobileFaceNet a frame").c_str(),
                                     [&c, yunet, recogniser](auto& s) { loop(s, c.clip, yunet, recogniser); })
            ->Repetitions(repetitions)
            ->ReportAggregatesOnly()
            ->UseManualTime()
            ->Iterations(1);
    }
}

}  // namespace drgan::benchmarks
