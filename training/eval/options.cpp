// SPDX-License-Identifier: Apache-2.0

#include "options.hpp"

#include <stdexcept>

namespace drgan::eval {

void define(CLI::App& app, Options& a) {
    app.add_option("--bundle", a.bundle, "folder of the bundle to evaluate");
    auto* recognizer = app.add_option("--recognizer", a.recognizer,
                                      "any recogniser (ONNX). Without --bundle it is evaluated; with it, it looks at "
                                      "the profiles and at the bundle's frontal views of them")
                           ->check(CLI::ExistingFile);
    app.add_option("--order", a.order, "channel order of the recogniser's input")
        ->check(CLI::IsMember({"BGR", "RGB"}))
        ->needs(recognizer)
        ->capture_default_str();
    app.add_option("--mean", a.input.mean, "recogniser's input: (pixel - mean) / scale; one number or one per channel")
        ->delimiter(',')
        ->expected(1, 3)
        ->capture_default_str();
    app.add_option("--scale", a.input.scale, "as --mean")->delimiter(',')->expected(1, 3)->capture_default_str();
    app.add_option("--size", a.input.size, "side of the recogniser's input, pixels")
        ->check(CLI::Range(16, 1024))
        ->capture_default_str();
    app.add_option("--align-eyes", a.eyes, "recogniser: x,y of the eyes' midpoint, units of the side")
        ->delimiter(',')
        ->expected(2)
        ->capture_default_str();
    app.add_option("--align-eye-mouth", a.eyeMouth,
                   "recogniser: from the eyes' to the mouth's midpoint, units of the side")
        ->capture_default_str();
    app.add_option("--threshold", a.threshold,
                   "cosine at or above which a pair is one person; default: the bundle's manifest says, for a "
                   "recogniser each fold's best. Each fold's best is measured anyway, and with several folds the best "
                   "of the other folds");

    auto* cfp = app.add_option("--cfp", a.cfp, "folder of CFP (with Data and Protocol): this or --faces");
    app.add_option("--folds", a.folds, "CFP's folds to run, joined by commas; default: those whose pictures are there")
        ->delimiter(',')
        ->check(CLI::Range(1, 99))
        ->needs(cfp);
    app.add_option("--detector", a.detector,
                   "CFP: YuNet model; default: the detector of the bundle (--bundle, else the installed one)")
        ->check(CLI::ExistingFile)
        ->needs(cfp);

    auto* boxes = app.add_flag("--boxes", a.boxes,
                               "CFP: land each face anew with the bundle's aligner, from the detector's box alone, and "
                               "measure how far its landmarks are from the detector's")
                      ->needs(cfp);
    app.add_flag(
           "--jitter", a.jitter,
           "move those boxes by up to 15 % of their larger side and resize them by up to 20 % first, at random but "
           "always in the same way")
        ->needs(boxes);

    auto* faces = app.add_option("--faces", a.faces,
                                 "face set of drgan-data, whose real faces are evaluated as they are aligned there: "
                                 "this or --cfp")
                      ->check(CLI::ExistingFile);
    app.add_option("--split", a.set.split, "face set: the people to take")
        ->check(CLI::IsMember({"dev", "train", "all"}))
        ->needs(faces)
        ->capture_default_str();
    app.add_option("--set-folds", a.set.folds,
                   "face set: folds that the people are cut into; fewer where a fold would have fewer than four people")
        ->check(CLI::Range(1, 99))
        ->needs(faces)
        ->capture_default_str();
    app.add_flag("--all-pairs", a.set.allPairs,
                 "face set: all pairs of two people of a fold; default: as many as there are of one person, drawn from "
                 "a fixed seed")
        ->needs(faces);

    auto* strangers =
        app.add_option("--strangers", a.strangers,
                       "face set of drgan-data: many people whom the network has not seen. How alike "
                       "they are gives the cosines at false-match rates; alone or beside --cfp or "
                       "--faces, whose people are then searched for among galleries with them as strangers")
            ->check(CLI::ExistingFile);
    app.add_option("--strangers-split", a.strangersSplit, "of the strangers' set: the people to take")
        ->check(CLI::IsMember({"dev", "train", "all"}))
        ->needs(strangers)
        ->capture_default_str();
    app.add_option("--same-person", a.samePerson,
                   "strangers who are at or above this cosine alike are one person under two names, and the later one "
                   "is left out: sets that were collected from the web have some; default: none is left out")
        ->check(CLI::Range(0., 1.))
        ->needs(strangers);
    app.add_flag("--write-thresholds", a.writeThresholds,
                 "put these cosines into the manifest of --bundle, whose people are named by them")
        ->needs(strangers);
    app.add_option("--stranger-rate", a.strangerRate,
                   "open-set identification: the chance of a stranger to be named that the rule is asked for")
        ->check(CLI::Range(1e-6, 0.5))
        ->capture_default_str();
    app.add_flag("--mirror,!--no-mirror", a.mirror,
                 "sum the embeddings of the aligned face and its mirror image, as is usual on CFP (default: on)");
    app.add_option("--json", a.json, "file for the results");
    app.add_option("--plots", a.plots,
                   "folder for roc.png and, with --bundle, confidence.png and fusion.png (needs a build with PLplot)");
}

void check(const Options& a) {
    if (a.bundle.empty() && a.recognizer.empty()) {
        throw std::runtime_error("give --bundle or --recognizer");
    }
    if (a.boxes && a.bundle.empty()) {
        throw std::runtime_error("--boxes needs a --bundle, whose aligner it asks");
    }
    if (a.writeThresholds && a.bundle.empty()) {
        throw std::runtime_error("--write-thresholds needs a --bundle, whose manifest gets them");
    }
    if (!a.cfp.empty() && !a.faces.empty()) {
        throw std::runtime_error("give one of --cfp and --faces, got both");
    }
    if (a.cfp.empty() && a.faces.empty() && a.strangers.empty()) {
        throw std::runtime_error("give --cfp, --faces or --strangers, got none");
    }
}

}  // namespace drgan::eval
