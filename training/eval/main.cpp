// SPDX-License-Identifier: Apache-2.0
//
// drgan-eval: face verification on CFP (frontal-frontal and frontal-profile) of a bundle, or of any ONNX recogniser on
// the same pictures with the same alignment. Faces are found here; CFP's fiducials are not used.

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "cfp.hpp"
#include "embedder.hpp"
#include "report.hpp"
#include "studies.hpp"

namespace {

using namespace drgan::eval;

struct Arguments {
    std::string bundle;
    std::string recognizer;
    std::string order = "BGR";
    drgan::data::RecognizerInput input;
    std::vector<float> eyes = {0.5F, 0.461F};
    float eyeMouth = 0.363F;
    double threshold = std::numeric_limits<double>::quiet_NaN();
    std::string cfp;
    std::vector<int> folds;
    std::string detector;
    std::string cascades;
    bool mirror = true;
    std::string json;
};

void define(CLI::App& app, Arguments& a) {
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
                   "recogniser each fold's best");
    app.add_option("--cfp", a.cfp, "folder of CFP (with Data and Protocol)")->required();
    app.add_option("--folds", a.folds, "folds to run, joined by commas; default: those whose pictures are there")
        ->delimiter(',')
        ->check(CLI::Range(1, 99));
    app.add_option("--detector", a.detector, "YuNet model; default: OpenCV's cascades")->check(CLI::ExistingFile);
    app.add_option("--cascades", a.cascades, "folder of OpenCV's cascades; default: where OpenCV's data is installed");
    app.add_flag("--mirror,!--no-mirror", a.mirror,
                 "sum the embeddings of the aligned face and its mirror image, as is usual on CFP (default: on)");
    app.add_option("--json", a.json, "file for the results");
}

FoldResult evaluate(const CfpFold& fold, const Faces& faces, const Embeddings& embeddings, double threshold) {
    PairScores scores;
    std::set<std::string> notFound;
    for (const CfpPair& pair : fold.pairs) {
        const auto score = static_cast<float>(embeddings.at(pair.first).dot(embeddings.at(pair.second)));
        (pair.same ? scores.same : scores.different).push_back(score);
        for (const std::string& path : {pair.first, pair.second}) {
            if (!faces.at(path).found) {
                notFound.insert(path);
            }
        }
    }
    return measureFold(fold.number, scores, threshold, notFound.size());
}

using Protocols = std::map<std::string, std::vector<CfpFold>>;

Protocols readProtocols(const Arguments& a) {
    const Cfp cfp(a.cfp);
    Protocols protocols;
    for (const char* protocol : {"FF", "FP"}) {
        for (const int number : a.folds.empty() ? cfp.availableFolds(protocol) : a.folds) {
            protocols[protocol].push_back(cfp.fold(protocol, number));
        }
        if (protocols[protocol].empty()) {
            throw std::runtime_error(a.cfp + ": no fold of " + protocol + " has all its pictures here");
        }
    }
    return protocols;
}

/// Runs the protocols and all frontal-profile pairs, prints the tables and adds them to the report.
void verify(const Protocols& protocols, const Persons& persons, const Faces& faces, const Embeddings& embeddings,
            double threshold, nlohmann::json& report) {
    for (const auto& [protocol, folds] : protocols) {
        std::vector<FoldResult> results;
        for (const CfpFold& fold : folds) {
            results.push_back(evaluate(fold, faces, embeddings, threshold));
        }
        std::printf("%s\n", tableProtocol(protocol, results).c_str());
        report[protocol] = reportProtocol(results);
    }
    const PairScores everything = allFrontalProfile(persons, embeddings);
    const size_t pairs = everything.same.size() + everything.different.size();
    const double eer = equalErrorRate(everything);
    const double tar1 = acceptedAt(everything, 0.01), tar01 = acceptedAt(everything, 0.001);
    std::printf(
        "all frontal-profile pairs of these people: %zu, EER %.2f%%, TAR at FAR 1%% %.2f%%, at 0.1%% %.2f%%\n\n", pairs,
        100 * eer, 100 * tar1, 100 * tar01);
    report["all_frontal_profile"] = {
        {"pairs", pairs}, {"eer", eer}, {"tar_at_far_1_percent", tar1}, {"tar_at_far_0.1_percent", tar01}};
}

std::unique_ptr<Embedder> makeRecognizer(const Arguments& a) {
    drgan::data::RecognizerInput input = a.input;
    input.rgb = drgan::data::parseChannelOrder(a.order);
    cv::drgan::Alignment alignment;
    alignment.eyes = {a.eyes[0], a.eyes[1]};
    alignment.eyeMouth = a.eyeMouth;
    return embedRecognizer(a.recognizer, input, alignment);
}

/// What only a bundle has: confidences, fusion, frontal views.
void study(const Arguments& a, const cv::drgan::Bundle& bundle, Embedder& encoder, const Protocols& protocols,
           const Persons& persons, const Faces& faces, nlohmann::json& report) {
    constexpr double blur = 3;  // pixels
    const Codes codes = encodeAll(faces, encoder);
    const std::vector<Fusion> fused = byImagesFused(persons, codes);
    const std::vector<Confidence> confidence = byYaw(faces, codes, encodeAll(faces, encoder, blur));
    std::printf("Templates of mixed pose, both sides of a pair without a picture in common:\n%s\n",
                table(fused).c_str());
    std::printf("Confidence by yaw, and of the same pictures blurred (Gaussian, sigma %.0f px):\n%s\n", blur,
                confidence.empty() ? "not measured: the cascades give no yaw\n" : table(confidence).c_str());
    report["fusion"] = drgan::eval::report(fused);
    report["confidence"] = drgan::eval::report(confidence);
    if (a.recognizer.empty()) {
        return;
    }
    const std::unique_ptr<Embedder> recognizer = makeRecognizer(a);
    const Embeddings raw = embedAll(faces, *recognizer, a.mirror);
    const Embeddings views = frontalized(persons, codes, bundle, *recognizer, raw, a.mirror);
    for (const auto& [name, embeddings] : {std::pair{"raw", &raw}, std::pair{"frontalized", &views}}) {
        std::vector<FoldResult> folds;
        for (const CfpFold& fold : protocols.at("FP")) {
            folds.push_back(evaluate(fold, faces, *embeddings, std::nan("")));
        }
        const double eer = equalErrorRate(allFrontalProfile(persons, *embeddings));
        report["recognizer_on_profiles"][name] = reportProtocol(folds);
        report["recognizer_on_profiles"][name]["eer_all_pairs"] = eer;
        std::printf("The recogniser, profiles %s: EER over all frontal-profile pairs %.2f%%\n%s\n", name, 100 * eer,
                    tableProtocol("FP", folds).c_str());
    }
}

int run(const Arguments& a) {
    if (a.bundle.empty() && a.recognizer.empty()) {
        throw std::runtime_error("give --bundle or --recognizer");
    }
    nlohmann::json report;
    report["mirror"] = a.mirror;
    report["detector"] = a.detector.empty() ? "cascades" : a.detector.substr(a.detector.find_last_of('/') + 1);
    if (!a.recognizer.empty()) {
        report["recognizer"] = a.recognizer.substr(a.recognizer.find_last_of('/') + 1);
    }
    cv::drgan::Bundle bundle;
    double threshold = a.threshold;
    if (!a.bundle.empty()) {
        bundle = cv::drgan::Bundle::load(a.bundle);
        threshold = std::isnan(threshold) ? static_cast<double>(bundle.matchThreshold) : threshold;
        report["bundle"] = bundle.id;
    }
    const std::unique_ptr<Embedder> embedder = a.bundle.empty() ? makeRecognizer(a) : embedBundle(bundle);

    const Protocols protocols = readProtocols(a);
    std::vector<CfpFold> all;
    for (const auto& item : protocols) {
        all.insert(all.end(), item.second.begin(), item.second.end());
    }
    const Persons persons = Cfp::persons(all);
    const auto finder = cv::drgan::FaceFinder::create(a.detector, a.cascades);
    const Faces faces(all, *finder);
    for (const auto& [path, face] : faces.all()) {
        if (!face.found) {
            spdlog::warn("{}: no face found, its middle is taken", path);
        }
    }
    const Embeddings embeddings = embedAll(faces, *embedder, a.mirror);
    verify(protocols, persons, faces, embeddings, threshold, report);
    const std::vector<YawDifference> differences = byYawDifference(persons, faces, embeddings, threshold);
    if (!differences.empty()) {
        std::printf("All pairs by the difference of their yaws:\n%s\n", table(differences).c_str());
    }
    report["yaw_difference"] = drgan::eval::report(differences);
    if (!a.bundle.empty()) {
        study(a, bundle, *embedder, protocols, persons, faces, report);
    }
    if (!a.json.empty()) {
        std::ofstream stream(a.json);
        stream << report.dump(2) << '\n';
        stream.close();
        if (!stream) {
            throw std::runtime_error(a.json + ": cannot write");
        }
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{
        "Face verification on CFP: accuracy, AUC, EER and TAR of a bundle or of any ONNX recogniser; for a bundle also "
        "templates of several pictures, confidence, and what its frontal views give a recogniser."};
    Arguments arguments;
    define(app, arguments);
    CLI11_PARSE(app, argc, argv);
    try {
        return run(arguments);
    } catch (const std::exception& error) {
        spdlog::error("{}", error.what());
        return 1;
    }
}
