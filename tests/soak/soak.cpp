// SPDX-License-Identifier: Apache-2.0
//
// Can drganfrontalize run for ever? Plays a clip through it for some minutes, disturbs it, and checks the process's
// resources and the written results. scripts/soak runs it.

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "checks.hpp"
#include "player.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using namespace drgan_soak;

constexpr size_t warmUpFrames = 2000;  // a minute and a half of video: all buffers have reached their size

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

int run(const Clip& clip, double seconds, unsigned seed, const std::string& results) {
    double warmUp = seconds;  // set when the warm-up ends
    const double interval = seconds / 30;
    std::vector<Holding> samples;
    std::vector<std::string> failures;
    Player player(clip, results, seed);
    const auto start = Clock::now();
    std::printf(
        "%zu frames of %dx%d without end; %.0f s, of which the first quarter, and %zu frames, do not count; seed %u\n\n"
        "%7s %9s %9s %8s %8s %6s %8s %9s %9s\n",
        clip.frames.size(), clip.width, clip.height, seconds, warmUpFrames, seed, "s", "frames", "frames/s", "RSS MiB",
        "heap MiB", "files", "threads", "messages", "faces");
    size_t frames = 0;
    double last = 0;
    while (since(start) < seconds && player.error().empty()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        player.disturb();
        const double now = since(start);
        if (now - last < interval) {
            continue;
        }
        const Holding h = holdingNow(now);
        samples.push_back(h);
        const size_t passed = player.frames();
        if (now >= seconds / 4 && passed >= warmUpFrames) {
            warmUp = std::min(warmUp, now);
        }
        std::printf("%7.0f %9zu %9.1f %8.1f %8.1f %6zu %8zu %9zu %9zu\n", now, passed,
                    static_cast<double>(passed - frames) / (now - last), h.resident, h.heap, h.descriptors, h.threads,
                    player.messages(), player.faces());
        std::fflush(stdout);
        if (passed == frames) {
            failures.push_back("no frame passed within " + std::to_string(now - last) + " s");
        }
        frames = passed;
        last = now;
    }
    player.finish();
    std::printf("\n");
    for (const auto& [what, times] : player.done()) {
        std::printf("%s: %d\n", what.c_str(), times);
    }
    if (!player.error().empty()) {
        failures.push_back("on the bus: " + player.error());
    }
    const auto grown = growth(samples, warmUp);
    failures.insert(failures.end(), grown.begin(), grown.end());
    const Lines lines = readLines(results);
    failures.insert(failures.end(), lines.wrong.begin(), lines.wrong.end());
    std::printf("messages: %zu, with embedding: %zu, tracks: %zu, lines of JSON: %zu\n", player.messages(),
                player.embeddings(), lines.tracks, lines.count);
    if (lines.count != player.messages()) {
        failures.push_back(std::to_string(player.messages()) + " messages, but " + std::to_string(lines.count) +
                           " lines");
    }
    if (player.messages() == 0 || player.embeddings() == 0 || player.faces() == 0) {
        failures.emplace_back("nobody was seen: the clip shows no faces, or the models find none");
    }
    for (const auto& failure : failures) {
        std::printf("FAILED: %s\n", failure.c_str());
    }
    std::printf("%s\n", failures.empty() ? "passed" : "failed");
    return failures.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Plays a clip through drganfrontalize without end and watches memory, descriptors and results.");
    std::string file;
    std::string results = "soak.jsonl";
    double minutes = 5;
    unsigned seed = 1;
    app.add_option("clip", file, "a video with people who come and go")->required()->check(CLI::ExistingFile);
    app.add_option("--minutes", minutes, "how long")->check(CLI::Range(1.0, 1440.0))->capture_default_str();
    app.add_option("--results", results, "file for the lines of JSON")->capture_default_str();
    app.add_option("--seed", seed, "of the disturbances")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    gst_init(nullptr, nullptr);
    try {
        const Clip clip = readClip(file);
        return run(clip, minutes * 60, seed, results);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "drgan-soak: %s\n", error.what());
        return 1;
    }
}
