// SPDX-License-Identifier: Apache-2.0
//
// How fast the default bundle's encoder and the element are, beside GStreamer's facedetect, in one run; and, where the
// bundle has an aligner, what following faces by it costs beside detecting them on every frame.
// usage: drgan-bench CLIP [Google Benchmark's options]

#include <benchmark/benchmark.h>
#include <gst/gst.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <map>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "clip_pipeline.hpp"

namespace {

using drgan::benchmarks::Clip;

constexpr const char* alignBatch = "batches of eight faces: aligner";
constexpr const char* followedAlone = "followed alone, encoded once";

/// Prints a table of medians when all is done; a line a benchmark until then.
class MedianTable : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context&) override { return true; }

    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            const std::string name = run.run_name.function_name;
            if (run.error_occurred) {
                failed_ = true;
                std::fprintf(stderr, "%s: %s\n", name.c_str(), run.error_message.c_str());
            } else if (run.run_type == Run::RT_Aggregate && run.aggregate_name == "median") {
                medians_.emplace_back(name, run.counters.at("items_per_second"));
                repetitions_ = run.repetitions;
                std::fprintf(stderr, "%s: done\n", name.c_str());
            }
        }
    }

    void Finalize() override {
        std::sort(medians_.begin(), medians_.end());  // they come in the order in which they ended
        std::map<std::string, double> facedetect;     // by what follows the comma: display on or off
        std::map<std::string, double> detecting;      // by what precedes it: how many faces
        for (const auto& [name, rate] : medians_) {
            if (name.find("facedetect") != std::string::npos) {
                facedetect[name.substr(name.rfind(','))] = rate;
            } else if (name.find("detected on every frame") != std::string::npos) {
                detecting[name.substr(0, name.rfind(','))] = rate;
            }
        }
        std::printf("\n%-58s %10s\n", ("medians of " + std::to_string(repetitions_) + " runs").c_str(), "a second");
        for (const auto& [name, rate] : medians_) {
            std::printf("%-58s %10.1f", name.c_str(), rate);
            const auto other = facedetect.find(name.substr(std::min(name.size(), name.rfind(','))));
            if (name.find("drganfrontalize") != std::string::npos && other != facedetect.end()) {
                std::printf("   %.2f x facedetect", rate / other->second);
            }
            const auto slow = detecting.find(name.substr(0, std::min(name.size(), name.rfind(','))));
            if (slow != detecting.end() && slow->second != rate) {
                std::printf("   %.2f of the time that detecting takes", slow->second / rate);
            }
            std::printf("\n");
        }
        const auto seconds = [&](const std::string& name) {
            const auto found =
                std::find_if(medians_.begin(), medians_.end(), [&](const auto& m) { return m.first == name; });
            return found == medians_.end() ? 0 : 1 / found->second;
        };
        const std::string how = std::string(", ") + followedAlone;
        const double pass = seconds(alignBatch);
        const double one = seconds("frames: one face" + how);
        const double eight = seconds("frames: eight faces" + how);
        if (pass > 0 && one > 0 && eight > 0) {
            std::printf("eight faces followed in place of one: %.2f aligner batches of eight more a frame\n",
                        (eight - one) / pass);
        }
    }

    bool failed() const { return failed_ || medians_.empty(); }

private:
    std::vector<std::pair<std::string, double>> medians_;
    int64_t repetitions_ = 0;
    bool failed_ = false;
};

void encode(benchmark::State& state, const std::vector<cv::Mat>& faces) {
    try {
        const auto encoder = cv::drgan::Encoder::create(cv::drgan::Bundle::load().encoder);
        cv::Mat embeddings;
        cv::Mat confidences;
        encoder->features(faces, embeddings, confidences);  // the first pass allocates
        for (auto _ : state) {
            encoder->features(faces, embeddings, confidences);
            benchmark::DoNotOptimize(embeddings.data);
        }
        state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * faces.size()));
    } catch (const std::exception& error) {
        state.SkipWithError(error.what());
    }
}

/// One look at each of eight faces, all in one batch.
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

void play(benchmark::State& state, const Clip& clip, const std::string& elements) {
    try {
        for (auto _ : state) {
            state.SetIterationTime(drgan::benchmarks::playClip(clip, elements));
        }
        state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * clip.frames.size()));
    } catch (const std::exception& error) {
        state.SkipWithError(error.what());
    }
}

/// Aligned faces out of the clip, evenly spread.
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

int run(int argc, char** argv) {
    const Clip clip = drgan::benchmarks::readClip(argv[1], DRGAN_CASCADES "/haarcascade_frontalface_default.xml");
    std::printf("%d cores; clip: %zu frames of %dx%d, one face\n", cv::getNumberOfCPUs(), clip.frames.size(),
                clip.frames.front().cols, clip.frames.front().rows);
    std::fflush(stdout);
    const std::string cascade = DRGAN_CASCADES "/haarcascade_frontalface_default.xml";
    const std::vector<std::pair<const char*, std::string>> pipelines = {
        {"frames: nothing (the clip's own cost)", "identity"},
        {"frames: drganfrontalize, faces from metadata, display off",
         "drganfrontalize detect-interval=0 qos=false display=false"},
        {"frames: drganfrontalize, faces from metadata, display on",
         "drganfrontalize detect-interval=0 qos=false display=true"},
        {"frames: facedetect, display off", "facedetect display=false profile=" + cascade},
        {"frames: facedetect, display on", "facedetect display=true profile=" + cascade},
    };
    constexpr int repetitions = 5;
    const std::vector<cv::Mat> faces = cutFaces(clip, 8);
    const std::vector<cv::Mat> one(faces.begin(), faces.begin() + 1);
    benchmark::RegisterBenchmark("images: encoder, batch 1", [&](auto& s) { encode(s, one); })
        ->Repetitions(repetitions)
        ->ReportAggregatesOnly()
        ->UseRealTime();
    benchmark::RegisterBenchmark("images: encoder, batch 8", [&](auto& s) { encode(s, faces); })
        ->Repetitions(repetitions)
        ->ReportAggregatesOnly()
        ->UseRealTime();
    for (const auto& pipeline : pipelines) {
        benchmark::RegisterBenchmark(pipeline.first, [&](auto& s) { play(s, clip, pipeline.second); })
            ->Repetitions(repetitions)
            ->ReportAggregatesOnly()
            ->UseManualTime()
            ->Iterations(1);
    }
    // The clips' own regions are not looked at. With detect-interval=1 the aligner looks, too.
    const Clip eight = drgan::benchmarks::eightFaces(clip);
    const bool follows = !cv::drgan::Bundle::load().aligner.empty();
    if (!follows) {
        std::printf("the bundle has no aligner: following is left out\n");
    }
    if (follows) {
        benchmark::RegisterBenchmark(alignBatch, [&](auto& s) { align(s, eight); })
            ->Repetitions(repetitions)
            ->ReportAggregatesOnly()
            ->UseRealTime();
    }
    const std::vector<std::pair<std::string, const Clip*>> followed = {{"one face", &clip}, {"eight faces", &eight}};
    for (size_t i = 0; follows && i < followed.size(); ++i) {
        for (const auto& [how, settings] : {std::pair{"detected on every frame", "detect-interval=1"},
                                            std::pair{"followed, detected every 25th frame", "detect-interval=25"},
                                            std::pair{followedAlone, "detect-interval=1000 encode-interval=1000000"}}) {
            const std::string elements =
                std::string("drganfrontalize roi-type=own qos=false display=false ") + settings;
            benchmark::RegisterBenchmark(("frames: " + followed[i].first + ", " + how).c_str(),
                                         [&followed, i, elements](auto& s) { play(s, *followed[i].second, elements); })
                ->Repetitions(repetitions)
                ->ReportAggregatesOnly()
                ->UseManualTime()
                ->Iterations(1);
        }
    }
    // Runs of all benchmarks alternate, so that what else the machine does falls on all of them.
    std::string interleave = "--benchmark_enable_random_interleaving=true";
    std::vector<char*> arguments{argv[0], interleave.data()};
    arguments.insert(arguments.end(), argv + 2, argv + argc);
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) {
        return 2;
    }
    MedianTable table;
    benchmark::RunSpecifiedBenchmarks(&table);
    return table.failed() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: drgan-bench CLIP [options of Google Benchmark]\n");
        return 2;
    }
    // facedetect asks for cascades that Debian does not ship, and goes on without them
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_FATAL);
    gst_init(nullptr, nullptr);
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "drgan-bench: %s\n", error.what());
        return 1;
    }
}
