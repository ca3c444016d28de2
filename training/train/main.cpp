// SPDX-License-Identifier: Apache-2.0
//
// drgan-train: trains encoder and decoder, the aligner or the detector on a face set.

#include <spdlog/spdlog.h>

#include <malloc.h>

#include <csignal>
#include <limits>
#include <opencv2/core/utility.hpp>

#include "aligner/trainer.hpp"
#include "detector/trainer.hpp"
#include "dr_gan/starting_encoder.hpp"
#include "dr_gan/trainer.hpp"
#include "run/parallel.hpp"
#include "run/speed.hpp"
#include "train/command_line.hpp"

using namespace drgan::train;

namespace {

template <typename Run, typename Options>
void train(const Options& options, const std::string& config) {
    Run run(options, config);
    if (options.resume && run.step() >= options.steps) {
        spdlog::warn("{} has done {} of {} steps: give more --steps to continue", options.run, run.step(),
                     options.steps);
    }
    run.run();
    if (run.step() < options.steps) {
        spdlog::warn("stopped after step {} of {}; --resume continues", run.step(), options.steps);
    }
}

void trainStage(const DrGanOptions& o, const std::string& config) { train<Trainer>(o, config); }
void trainStage(const AlignerOptions& o, const std::string& config) { train<AlignerTrainer>(o, config); }
void trainStage(const DetectorOptions& o, const std::string& config) { train<DetectorTrainer>(o, config); }

MeasuredNetwork measuredNetwork(const DrGanOptions& o) {
    const Checkpoint start = o.start.empty() ? Checkpoint() : Checkpoint::load(o.start);
    return {firstEncoder(o, start, drgan::io::FaceSet(o.faces).imageSize())};
}
MeasuredNetwork measuredNetwork(const AlignerOptions& o) { return {firstNetwork(o)}; }
MeasuredNetwork measuredNetwork(const DetectorOptions& o) { return {firstNetwork(o), o.scenes.side}; }

/// Replaces "auto" in the config by the measured choice, so that the run can be repeated on another processor.
void replaceAuto(std::string& config, const std::string& key, const std::string& value) {
    const std::string line = "\n" + key + "=\"auto\"\n";
    if (const auto at = config.find(line); at != std::string::npos) {
        config.replace(at, line.size(), "\n" + key + "=\"" + value + "\"\n");
    }
}

}  // namespace

int main(int argc, char** argv) {
    CommandLine line = parseCommandLine(argc, argv);
    if (line.check) {
        return 0;
    }
    try {
        auto& common = std::visit([](auto& o) -> RunOptions& { return o; }, line.options);
        at::set_num_threads(common.threads);
        cv::setNumThreads(1);  // batches are drawn in threads already
#ifdef __GLIBC__
        // Feature maps come and go by the hundred in every step: memory returned to the system would be zeroed again.
        mallopt(M_MMAP_THRESHOLD, 1 << 30);
        mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
        for (int signal : {SIGINT, SIGTERM}) {
            std::signal(signal, [](int) { stopRequested = true; });
        }
        drgan::nn::setGroup(joinGroup(common.device));
        const auto network = [&] { return std::visit([](const auto& o) { return measuredNetwork(o); }, line.options); };
        const std::string speed = applySpeed(common, network);
        if (drgan::nn::group().rank() == 0) {  // what the others take, too
            spdlog::info("{}", speed);
        }
        replaceAuto(line.config, "precision", common.precision);
        replaceAuto(line.config, "memory-format", common.memoryFormat);
        std::visit([&](const auto& o) { trainStage(o, line.config); }, line.options);
        return 0;
    } catch (const std::exception& e) {
        spdlog::error("{}", e.what());
        return 1;
    }
}
