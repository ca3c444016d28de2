// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <opencv2/drgan.hpp>

#include "bench_parts.hpp"
#include "bench_table.hpp"

namespace drgan::benchmarks {
namespace {

constexpr int repetitions = 5;
constexpr int reportingRepetitions = 9;  // many, because the difference is small
constexpr size_t reportingFrames = 250;  // 10 s
constexpr int reportingPeople = 1000;
constexpr int gridRepetitions = 3;       // few, because the streams are long
constexpr size_t facedetectFrames = 12;  // few, because it is slow on large frames
constexpr size_t gridFrames = 100;       // 4 s, long enough to include work that is rarely done

void play(benchmark::State& state, const Clip& clip, const std::string& elements, size_t frames, size_t streams = 1) {
    try {
        for (auto _ : state) {
            const Played played = playClip(clip, elements, frames, streams);
            state.SetIterationTime(played.seconds);
            if (played.faces) {
                state.counters["faces"] = *played.faces;
            }
        }
        state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * frames * streams));
    } catch (const std::exception& error) {
        state.SkipWithError(error.what());
    }
}

void registerPlay(const std::string& name, const Clip& clip, const std::string& elements, size_t frames, int runs,
                  size_t streams = 1) {
    benchmark::RegisterBenchmark(
        name.c_str(), [&clip, elements, frames, streams](auto& s) { play(s, clip, elements, frames, streams); })
        ->Repetitions(runs)
        ->ReportAggregatesOnly()
        ->UseManualTime()
        ->Iterations(1);
}

}  // namespace

void registerElement(const Clip& clip, const Clip& eight) {
    const size_t all = clip.frames.size();
    const std::string upstreams = "drganfrontalize detect-interval=0 qos=false display=";
    registerPlay("frames: nothing (the clip's own cost)", clip, "identity", all, repetitions);
    registerPlay("frames: drganfrontalize, faces from metadata, display off", clip, upstreams + "false", all,
                 repetitions);
    registerPlay("frames: drganfrontalize, faces from metadata, display on", clip, upstreams + "true", all,
                 repetitions);
    for (const size_t streams : {1, 4}) {
        registerPlay("frames: " + std::to_string(streams) + " streams in all, threads=1, the same models", clip,
                     "drganfrontalize roi-type=own qos=false threads=1", all, repetitions, streams);
    }
    if (cv::drgan::Bundle::load().aligner.empty()) {
        std::printf("the bundle has no aligner: following is left out\n");
        return;
    }
    // The clips' own regions are ignored. With detect-interval=1 the aligner runs, too.
    for (const auto& [faces, played] : {std::pair{"one face", &clip}, std::pair{"eight faces", &eight}}) {
        for (const auto& [how, settings] : {std::pair{"detected on every frame", "detect-interval=1"},
                                            std::pair{"followed, detected every 25th frame", "detect-interval=25"},
                                            std::pair{followedAlone, "detect-interval=1000 encode-interval=1000000"}}) {
            registerPlay(std::string("frames: ") + faces + ", " + how, *played,
                         std::string("drganfrontalize roi-type=own qos=false display=false ") + settings, all,
                         repetitions);
        }
    }
}

void registerReporting(const Clip& clip, const std::string& broker, const std::string& folder) {
    const auto encoder = cv::drgan::Encoder::create(cv::drgan::Bundle::load().encoder);
    const auto gallery = cv::drgan::Gallery::create(encoder);
    cv::Mat embedding(1, encoder->embeddingSize(), CV_32F);
    cv::RNG random(1);
    for (int i = 0; i < reportingPeople; ++i) {
        random.fill(embedding, cv::RNG::NORMAL, 0, 1);
        gallery->add("person " + std::to_string(i), embedding, 1);
    }
    gallery->save(folder + "/people.gallery");
    const std::string nothing = "drganfrontalize roi-type=own qos=false display=false";
    registerPlay(reportingNothing, clip, nothing, reportingFrames, reportingRepetitions);
    registerPlay(reportingAll, clip,
                 nothing + " source=bench mqtt-address=" + broker + " gallery=" + folder +
                     "/people.gallery metrics-location=" + folder + "/bench.prom results-location=" + folder +
                     "/bench.jsonl",
                 reportingFrames, reportingRepetitions);
}

void registerGrid(const std::vector<GridClip>& clips, const std::string& cascade) {
    for (const auto& c : clips) {
        for (const char* display : {"off", "on"}) {
            const std::string set = std::string(" display=") + (display == std::string("on") ? "true" : "false");
            const std::string column = std::string(", display ") + display;
            registerPlay(gridName(c.name, "drganfrontalize" + column), c.clip,
                         "drganfrontalize name=measured roi-type=own qos=false" + set, gridFrames, gridRepetitions);
            registerPlay(gridName(c.name, "facedetect" + column), c.clip,
                         "facedetect name=measured profile=" + cascade + set, facedetectFrames, gridRepetitions);
        }
    }
}

}  // namespace drgan::benchmarks
