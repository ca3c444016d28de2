// SPDX-License-Identifier: Apache-2.0
//
// drgan-train: learns encoder and decoder, the aligner or the detector, from a prepared face set.

#include <spdlog/spdlog.h>

#include <malloc.h>

#include <csignal>
#include <limits>

#include "aligner/trainer.hpp"
#include "detector/trainer.hpp"
#include "dr_gan/trainer.hpp"
#include "run/parallel.hpp"

namespace {

/// @return steps done
template <typename Run>
int64_t train(const drgan::train::Options& options, const std::string& config) {
    Run run(options, config);
    if (options.resume && run.step() >= options.steps) {
        spdlog::warn("{} has done {} of {} steps: --steps gives it more", options.run, run.step(), options.steps);
    }
    run.run();
    return run.step();
}

}  // namespace

int main(int argc, char** argv) {
    using namespace drgan::train;
    namespace nn = drgan::nn;
    std::string config;
    const Options options = parseOptions(argc, argv, config);
    try {
        at::set_num_threads(options.threads);
#ifdef __GLIBC__
        // Feature maps come and go by the hundred in every step: memory given back to the system would be zeroed anew.
        mallopt(M_MMAP_THRESHOLD, 1 << 30);
        mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
        for (int signal : {SIGINT, SIGTERM}) {
            std::signal(signal, [](int) { stopRequested = true; });
        }
        nn::setGroup(joinGroup(options.device));
        const int64_t done = options.stage == Stage::Aligner    ? train<AlignerTrainer>(options, config)
                             : options.stage == Stage::Detector ? train<DetectorTrainer>(options, config)
                                                                : train<Trainer>(options, config);
        if (done < options.steps) {
            spdlog::warn("stopped after step {} of {}; --resume goes on", done, options.steps);
        }
        return 0;
    } catch (const std::exception& e) {
        spdlog::error("{}", e.what());
        return 1;
    }
}
