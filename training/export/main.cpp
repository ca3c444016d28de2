// SPDX-License-Identifier: Apache-2.0
//
// drgan-export: a checkpoint of drgan-train -> an ONNX bundle.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>

#include "export/bundle.hpp"

int main(int argc, char** argv) {
    std::string path, start, alignerPath, detectorPath;
    double threshold = -2;
    drgan::exporting::BundleOptions options;
    CLI::App app{"Writes a checkpoint of drgan-train as an ONNX bundle."};
    app.add_option("--checkpoint", path, "checkpoint (last.safetensors of a run)")
        ->required()
        ->check(CLI::ExistingFile);
    app.add_option("--aligner", alignerPath, "checkpoint of an aligner's run, to go into the bundle too")
        ->check(CLI::ExistingFile);
    app.add_option("--detector", detectorPath, "checkpoint of a detector's run, to go into the bundle too")
        ->check(CLI::ExistingFile);
    app.add_option("--output", options.folder, "folder of the bundle")->required();
    app.add_option("--match-threshold", threshold,
                   "cosine at or above which two faces are one person; default: the run's, from its validation persons")
        ->check(CLI::Range(-1., 1.));
    app.add_option("--start", start, "also write the networks alone, as a checkpoint for drgan-train --start");
    CLI11_PARSE(app, argc, argv);
    try {
        const auto checkpoint = drgan::train::Checkpoint::load(path);
        const auto measured = checkpoint.metadata.find("match_threshold");
        if (threshold < -1 && measured == checkpoint.metadata.end()) {
            throw std::runtime_error(path +
                                     " has no match threshold (its run had nobody to validate on): give "
                                     "--match-threshold");
        }
        options.matchThreshold = threshold >= -1 ? threshold : std::stod(measured->second);
        std::optional<drgan::train::Checkpoint> aligner, detector;
        drgan::exporting::Extras extras;
        if (!alignerPath.empty()) {
            extras.aligner = &aligner.emplace(drgan::train::Checkpoint::load(alignerPath));
        }
        if (!detectorPath.empty()) {
            extras.detector = &detector.emplace(drgan::train::Checkpoint::load(detectorPath));
        }
        const std::string id = drgan::exporting::writeBundle(checkpoint, options, extras);
        if (!start.empty()) {
            drgan::exporting::writeStart(checkpoint, start, extras);
        }
        std::printf("%s: bundle %s, match threshold %.4f\n", options.folder.c_str(), id.c_str(),
                    options.matchThreshold);
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "drgan-export: %s\n", e.what());
        return 1;
    }
}
