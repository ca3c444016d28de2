// SPDX-License-Identifier: Apache-2.0

#include "options.hpp"

#include <stdexcept>

namespace drgan::eval {

void define(CLI::App& app, Options& a) {
    app.add_option("--bundle", a.bundle, "folder of the bundle to evaluate");
    auto* recognizer = app.add_option("--recognizer", a.recognizer,
                                      "any recogniser (ONNX). Without --bundle, it is evaluated; with --bundle, it "
                                      "compares the profiles with the bundle's frontal views of them")
                           ->check(CLI::ExistingFile);
    app.add_option("--order", a.order, "channel order of the recogniser's input")
        ->check(CLI::IsMember({"BGR", "RGB"}))
        ->needs(recognizer)
        ->capture_default_str();
    app.add_option("--mean", a.input.mean,
                   "recogniser's input is (pixel - mean) / scale; one number or one per channel")
        ->delimiter(',')
        ->expected(1, 3)
        ->capture_default_str();
    app.add_option("--scale", a.input.scale, "scale of the recogniser's input, as --mean")
        ->delimiter(',')
        ->expected(1, 3)
        ->capture_default_str();
    app.add_option("--size", a.input.size, "side of the recogniser's input, pixels")
        ->check(CLI::Range(16, 1024))
        ->capture_default_str();
    app.add_option("--align-eyes", a.eyes, "recogniser: x,y of the midpoint of the eyes, units of the side")
        ->delimiter(',')
        ->expected(2)
        ->capture_default_str();
    app.add_option("--align-eye-mouth", a.eyeMouth,
                   "recogniser: distance between the midpoints of eyes and mouth, units of the side")
        ->capture_default_str();
    app.add_option(
        "--threshold", a.threshold,
        "cosine at or above which a pair is one person; default: the threshold in the bundle's manifest; for "
        "a recogniser, each fold's best. Each fold's best is always measured, too, and with several folds "
        "the best of the other folds");

    auto* cfp = app.add_option("--cfp", a.cfp, "folder of CFP (with Data and Protocol); not with --faces");
    app.add_option("--folds", a.folds,
                   "CFP's folds to run, separated by commas; default: those whose pictures are there")
        ->delimiter(',')
        ->check(CLI::Range(1, 99))
        ->needs(cfp);
    app.add_option("--detector", a.detector,
                   "CFP: YuNet model; default: the detector of the bundle (--bundle, else the installed one)")
        ->check(CLI::ExistingFile)
        ->needs(cfp);

    auto* boxes = app.add_flag("--boxes", a.boxes,
                               "CFP: locate the landmarks of each face with the bundle's aligner, from only the "
                               "detector's box, and measure their distance from the detector's landmarks")
                      ->needs(cfp);
    app.add_flag(
           "--jitter", a.jitter,
           "first move these boxes by up to 15 % of their larger side and resize them by up to 20 %, at random but the "
           "same way in every run")
        ->needs(boxes);

    auto* faces = app.add_option("--faces", a.faces,
                                 "face set of drgan-data, whose real faces are evaluated as they are aligned there; "
                                 "not with --cfp")
                      ->check(CLI::ExistingFile);
    app.add_option("--split", a.set.split, "face set: which people to use")
        ->check(CLI::IsMember({"dev", "train", "all"}))
        ->needs(faces)
        ->capture_default_str();
    app.add_option("--set-folds", a.set.folds,
                   "face set: number of folds; fewer if a fold would have fewer than four people")
        ->check(CLI::Range(1, 99))
        ->needs(faces)
        ->capture_default_str();
    app.add_flag("--all-pairs", a.set.allPairs,
                 "face set: use all pairs of different people of a fold; default: as many as there are pairs of one "
                 "person, drawn with a fixed seed")
        ->needs(faces);

    auto* strangers =
        app.add_option("--strangers", a.strangers,
                       "face set of drgan-data with many people whom the network was not trained on. Measures the "
                       "cosines at false-match rates; with --cfp or --faces, also how many pairs of one person are "
                       "accepted there, and these people are the strangers of open-set identification")
            ->check(CLI::ExistingFile);
    app.add_option("--strangers-split", a.strangersSplit, "strangers' set: which people to use")
        ->check(CLI::IsMember({"dev", "train", "all"}))
        ->needs(strangers)
        ->capture_default_str();
    app.add_option("--strangers-labels", a.strangersLabels,
                   "CSV file with a column person, as the strangers' set names them, and age, gender or race: measures "
                   "the false-match rates of strangers of one group, too. The labels.csv of drgan-data may be one")
        ->check(CLI::ExistingFile)
        ->needs(strangers);
    app.add_option("--same-person", a.samePerson,
                   "strangers whose cosine is at or above this are taken for one person under two names, as sets "
                   "collected from the web have them, and the later one is left out; default: none is left out")
        ->check(CLI::Range(0., 1.))
        ->needs(strangers);
    app.add_flag("--write-thresholds", a.writeThresholds,
                 "write these cosines to the manifest of --bundle; they decide who gets a name")
        ->needs(strangers);
    auto* views =
        app.add_option("--views", a.views,
                       "face set of drgan-data --turned with people whom the decoder was not trained on. Measures "
                       "how like frontal views are to the frontal pictures: light, colours and hair")
            ->check(CLI::ExistingFile);
    app.add_option("--views-split", a.viewsSplit, "set of --views: which people to use")
        ->check(CLI::IsMember({"dev", "train", "all"}))
        ->needs(views)
        ->capture_default_str();
    app.add_option("--stranger-rate", a.strangerRate,
                   "open-set identification: probability that the rule gives a stranger a name")
        ->check(CLI::Range(1e-6, 0.5))
        ->capture_default_str();
    app.add_flag("--mirror,!--no-mirror", a.mirror,
                 "add the embeddings of the aligned face and of its mirror image, as is usual on CFP (default: on)");
    app.add_option("--json", a.json, "JSON file for the results");
    app.add_option(
        "--plots", a.plots,
        "folder for roc.png and, with --bundle, confidence.png, fusion.png and views.png (needs a build with "
        "PLplot)");
}

void check(const Options& a) {
    if (a.bundle.empty() && a.recognizer.empty()) {
        throw std::runtime_error("give --bundle or --recognizer");
    }
    if (a.boxes && a.bundle.empty()) {
        throw std::runtime_error("--boxes needs a --bundle, whose aligner it uses");
    }
    if (a.writeThresholds && a.bundle.empty()) {
        throw std::runtime_error("--write-thresholds needs a --bundle, whose manifest gets them");
    }
    if (!a.cfp.empty() && !a.faces.empty()) {
        throw std::runtime_error("give one of --cfp and --faces, got both");
    }
    if (!a.views.empty() && a.bundle.empty()) {
        throw std::runtime_error("--views needs a --bundle, whose decoder draws them");
    }
    if (a.cfp.empty() && a.faces.empty() && a.strangers.empty() && a.views.empty()) {
        throw std::runtime_error("give --cfp, --faces, --strangers or --views, got none");
    }
}

}  // namespace drgan::eval
