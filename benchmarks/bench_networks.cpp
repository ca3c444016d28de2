// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <exception>
#include <opencv2/drgan.hpp>

#include "bench_parts.hpp"
#include "bench_table.hpp"

namespace drgan::benchmarks {
namespace {

constexpr int repetitions = 5;

void encode(benchmark::State& state, const std::vector<cv::Mat>& faces) {
    try {
        const auto encoder = cv::drgan::Encoder::create(cv::drgan::Bundle::load().encoder);
        cv::Mat embeddings;
        cv::Mat confidences;
        encoder->features(faces, embeddings, confidences);  // the first forward pass allocates memory
        for (auto _ : state) {
            encoder->features(faces, embeddings, confidences);
            benchmark::DoNotOptimize(embeddings.data);
        }
        state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * faces.size()));
    } catch (const std::exception& error) {
        state.SkipWithError(error.what());
    }
}

/// Aligns eight faces in one batch.
void align(benchmark::State& state, const Clip& eight) {
    try {
        const auto aligner = cv::drgan::Aligner::create(cv::drgan::Bundle::load().aligner);
        const cv::Mat& frame = eight.frames[0];
        cv::Mat boxes;
        for (int i = 0; i < 8; ++i) {
            const cv::Rect face = eight.faces[0] + cv::Point(i % 4 * frame.cols / 4, i / 4 * frame.rows / 2);
            boxes.push_back(cv::Vec4i(face.x, face.y, face.width, face.height));
        }
        boxes = boxes.reshape(1, 8);
        cv::Mat rows;
        for (auto _ : state) {
            aligner->align(frame, boxes, rows);
            benchmark::DoNotOptimize(rows.data);
        }
        state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
    } catch (const std::exception& error) {
        state.SkipWithError(error.what());
    }
}

/// Aligned faces from evenly distributed frames of the clip.
std::vector<cv::Mat> cutFaces(const Clip& clip, size_t count) {
    const auto encoder = cv::drgan::Encoder::create(cv::drgan::Bundle::load().encoder);
    std::vector<cv::Mat> faces(count);
    for (size_t i = 0; i < count; ++i) {
        const size_t at = i * clip.frames.size() / count;
        const cv::Mat box(cv::Vec4i(clip.faces[at].x, clip.faces[at].y, clip.faces[at].width, clip.faces[at].height));
        encoder->alignCrop(clip.frames[at], box, faces[i]);
    }
    return faces;
}

}  // namespace

void registerNetworks(const Clip& clip, const Clip& eight) {
    const std::vector<cv::Mat> faces = cutFaces(clip, 8);
    const std::vector<cv::Mat> one(faces.begin(), faces.begin() + 1);
    for (const auto& [name, batch] :
         {std::pair{"images: encoder, batch 1", one}, std::pair{"images: encoder, batch 8", faces}}) {
        benchmark::RegisterBenchmark(name, [batch = batch](auto& s) { encode(s, batch); })
            ->Repetitions(repetitions)
            ->ReportAggregatesOnly()
            ->UseRealTime();
    }
    if (!cv::drgan::Bundle::load().aligner.empty()) {
        benchmark::RegisterBenchmark(alignBatch, [&](auto& s) { align(s, eight); })
            ->Repetitions(repetitions)
            ->ReportAggregatesOnly()
            ->UseRealTime();
    }
}

}  // namespace drgan::benchmarks
