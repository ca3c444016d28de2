// SPDX-License-Identifier: Apache-2.0
//
// drgan-export: a checkpoint of drgan-train -> an ONNX bundle.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>

#include "export/bundle.hpp"
#include "export/rewrite.hpp"

int main(int argc, char** argv) {
    std::string path, rewritten, start, alignerPath, detectorPath, blendPath, replaced;
    double threshold = -2, blendShare = 0.5;
    drgan::exporting::BundleOptions options;
    CLI::App app{"Writes a checkpoint of drgan-train as an ONNX bundle."};
    auto* checkpointOption =
        app.add_option("--checkpoint", path, "checkpoint to export (a run's last.safetensors or best.safetensors)")
            ->check(CLI::ExistingFile);
    app.add_option("--aligner", alignerPath, "checkpoint of an aligner to include in the bundle")
        ->check(CLI::ExistingFile);
    app.add_option("--detector", detectorPath, "checkpoint of a detector to include in the bundle")
        ->check(CLI::ExistingFile);
    auto* outputOption = app.add_option("--output", options.folder, "folder of the bundle to write");
    auto* rewriteOption =
        app.add_option("--rewrite", rewritten,
                       "do not export, but rewrite the networks of the bundle in this folder in the form of "
                       "this version, with the same weights and id; to --output, or in place")
            ->check(CLI::ExistingDirectory)
            ->excludes(checkpointOption);
    auto* replaceOption = app.add_option("--into", replaced,
                                         "do not export, but replace networks of the bundle in this folder: its "
                                         "decoder by --checkpoint's, which must have been trained with that bundle's "
                                         "encoder, its detector by --detector's, its aligner by --aligner's; "
                                         "everything else stays")
                              ->check(CLI::ExistingDirectory)
                              ->excludes(outputOption);
    auto* blendOption =
        app.add_option("--blend-decoder", blendPath,
                       "checkpoint whose decoder's weights are interpolated with --checkpoint's: softens "
                       "a decoder that adversarial training made too sharp")
            ->check(CLI::ExistingFile)
            ->needs(checkpointOption);
    app.add_option("--blend-share", blendShare, "share of the other decoder in --blend-decoder; default: 0.5")
        ->check(CLI::Range(0., 1.))
        ->needs(blendOption);
    app.add_option(
           "--match-threshold", threshold,
           "cosine at or above which two faces are one person; default: the run's, measured on its validation people")
        ->check(CLI::Range(-1., 1.));
    app.add_option("--start", start,
                   "write only the networks, as a small checkpoint for drgan-train --start; with or without a bundle");
    app.callback([&] {
        const bool exports = checkpointOption->count() > 0 && outputOption->count() > 0;
        const bool replaces = replaceOption->count() > 0 &&
                              (checkpointOption->count() > 0 || !alignerPath.empty() || !detectorPath.empty());
        const bool starts = checkpointOption->count() > 0 && !start.empty();
        if (rewriteOption->count() == 0 && !exports && !replaces && !starts) {
            throw CLI::RequiredError(
                "--checkpoint and --output or --start; or --into and one of --checkpoint, --detector and --aligner; or "
                "--rewrite");
        }
        if (checkpointOption->count() == 0 && !start.empty()) {
            throw CLI::RequiredError("--checkpoint");
        }
    });
    CLI11_PARSE(app, argc, argv);
    try {
        if (!rewritten.empty()) {
            const std::string& output = outputOption->count() > 0 ? options.folder : rewritten;
            drgan::exporting::rewriteBundle(rewritten, output);
            std::printf("%s: rewritten\n", output.c_str());
            return 0;
        }
        drgan::train::Checkpoint checkpoint;
        if (!path.empty()) {
            checkpoint = drgan::train::Checkpoint::load(path);
        }
        if (!blendPath.empty()) {
            drgan::exporting::blendDecoder(checkpoint, drgan::train::Checkpoint::load(blendPath), blendShare);
        }
        std::optional<drgan::train::Checkpoint> aligner, detector;
        drgan::exporting::Extras extras;
        if (!alignerPath.empty()) {
            extras.aligner = &aligner.emplace(drgan::train::Checkpoint::load(alignerPath));
        }
        if (!detectorPath.empty()) {
            extras.detector = &detector.emplace(drgan::train::Checkpoint::load(detectorPath));
        }
        if (!replaced.empty()) {
            if (!path.empty()) {
                drgan::exporting::replaceDecoder(replaced, checkpoint);
            }
            if (aligner || detector) {
                drgan::exporting::replaceExtras(replaced, extras);
            }
            std::printf("%s: now has the networks of the checkpoints\n", replaced.c_str());
        } else if (outputOption->count() > 0) {
            const auto measured = checkpoint.metadata.find("match_threshold");
            if (threshold < -1 && measured == checkpoint.metadata.end()) {
                throw std::runtime_error(path +
                                         " has no match threshold (its run had no validation people): give "
                                         "--match-threshold");
            }
            options.matchThreshold = threshold >= -1 ? threshold : std::stod(measured->second);
            const std::string id = drgan::exporting::writeBundle(checkpoint, options, extras);
            std::printf("%s: bundle %s, match threshold %.4f\n", options.folder.c_str(), id.c_str(),
                        options.matchThreshold);
        }
        if (!start.empty()) {
            drgan::exporting::writeStart(checkpoint, start, extras);
            std::printf("%s: has the networks to start from\n", start.c_str());
        }
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "drgan-export: %s\n", e.what());
        return 1;
    }
}
