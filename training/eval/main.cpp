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
#include <opencv2/imgcodecs.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "cfp.hpp"
#include "embedder.hpp"
#include "report.hpp"

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
    auto* bundle = app.add_option("--bundle", a.bundle, "folder of the bundle to evaluate");
    auto* recognizer = app.add_option("--recognizer", a.recognizer, "evaluate any recogniser (ONNX) instead")
                           ->check(CLI::ExistingFile)
                           ->excludes(bundle);
    app.add_option("--order", a.order, "channel order of the recogniser's input")
        ->check(CLI::IsMember({"BGR", "RGB"}))
        ->needs(recognizer)
        ->capture_default_str();
    app.add_option("--mean", a.input.mean, "recogniser's input: (pixel - mean) / scale")->capture_default_str();
    app.add_option("--scale", a.input.scale, "recogniser's input: (pixel - mean) / scale")->capture_default_str();
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

/// Embeds pictures once, however often they occur in pairs.
class Gallery {
public:
    Gallery(cv::drgan::FaceFinder& finder, Embedder& embedder, bool mirror)
        : finder_(finder), embedder_(embedder), mirror_(mirror) {}

    void add(const std::string& path) {
        if (embeddings_.count(path)) {
            return;
        }
        const cv::Mat picture = cv::imread(path, cv::IMREAD_COLOR);
        if (picture.empty()) {
            throw std::runtime_error(path + ": cannot be read as a picture");
        }
        cv::Mat face;
        if (!finder_.findMain(picture, face)) {
            face = middleBox(picture.size());
            notFound_.insert(path);
        }
        embeddings_[path] = embedder_.embed(picture, face, mirror_);
    }
    const cv::Mat& at(const std::string& path) const { return embeddings_.at(path); }
    bool wasFound(const std::string& path) const { return notFound_.count(path) == 0; }
    const std::set<std::string>& notFound() const { return notFound_; }

private:
    cv::drgan::FaceFinder& finder_;
    Embedder& embedder_;
    bool mirror_;
    std::map<std::string, cv::Mat> embeddings_;
    std::set<std::string> notFound_;
};

void embedAll(const std::vector<CfpFold>& folds, Gallery& gallery) {
    std::set<std::string> pictures;
    for (const CfpFold& fold : folds) {
        for (const CfpPair& pair : fold.pairs) {
            pictures.insert({pair.first, pair.second});
        }
    }
    const bool terminal = ::isatty(STDERR_FILENO) != 0;
    size_t done = 0;
    for (const std::string& path : pictures) {
        gallery.add(path);
        ++done;
        if (terminal || done % 100 == 0 || done == pictures.size()) {
            std::fprintf(stderr, "%s%zu/%zu pictures%s", terminal ? "\r\033[K" : "", done, pictures.size(),
                         terminal && done != pictures.size() ? "" : "\n");
        }
    }
}

FoldResult evaluate(const CfpFold& fold, const Gallery& gallery, double threshold) {
    PairScores scores;
    std::set<std::string> notFound;
    for (const CfpPair& pair : fold.pairs) {
        const auto score = static_cast<float>(gallery.at(pair.first).dot(gallery.at(pair.second)));
        (pair.same ? scores.same : scores.different).push_back(score);
        for (const std::string& path : {pair.first, pair.second}) {
            if (!gallery.wasFound(path)) {
                notFound.insert(path);
            }
        }
    }
    return measureFold(fold.number, scores, threshold, notFound.size());
}

/// Every frontal against every profile of the people in the folds: a finer measure than the protocol's few pairs.
PairScores allFrontalProfile(const std::vector<CfpFold>& folds, const Gallery& gallery) {
    const std::vector<Cfp::Person> persons = Cfp::persons(folds);
    const auto stack = [&](bool profile, std::vector<size_t>& owners) {
        cv::Mat rows;
        for (size_t i = 0; i < persons.size(); ++i) {
            for (const std::string& path : profile ? persons[i].profile : persons[i].frontal) {
                rows.push_back(gallery.at(path));
                owners.push_back(i);
            }
        }
        return rows;
    };
    std::vector<size_t> frontalOwner;
    std::vector<size_t> profileOwner;
    const cv::Mat frontal = stack(false, frontalOwner);
    const cv::Mat profile = stack(true, profileOwner);
    PairScores scores;
    if (frontal.empty() || profile.empty()) {
        return scores;
    }
    const cv::Mat cosines = frontal * profile.t();
    for (int i = 0; i < cosines.rows; ++i) {
        for (int j = 0; j < cosines.cols; ++j) {
            (frontalOwner[i] == profileOwner[j] ? scores.same : scores.different).push_back(cosines.at<float>(i, j));
        }
    }
    return scores;
}

int run(const Arguments& a) {
    if (a.bundle.empty() == a.recognizer.empty()) {
        throw std::runtime_error("give either --bundle or --recognizer");
    }
    double threshold = a.threshold;
    std::unique_ptr<Embedder> embedder;
    nlohmann::json report;
    if (!a.bundle.empty()) {
        const cv::drgan::Bundle bundle = cv::drgan::Bundle::load(a.bundle);
        threshold = std::isnan(threshold) ? static_cast<double>(bundle.matchThreshold) : threshold;
        embedder = embedBundle(bundle);
        report["bundle"] = bundle.id;
    } else {
        drgan::data::RecognizerInput input = a.input;
        input.rgb = drgan::data::parseChannelOrder(a.order);
        cv::drgan::Alignment alignment;
        alignment.eyes = {a.eyes[0], a.eyes[1]};
        alignment.eyeMouth = a.eyeMouth;
        embedder = embedRecognizer(a.recognizer, input, alignment);
        report["recognizer"] = a.recognizer.substr(a.recognizer.find_last_of('/') + 1);
    }
    report["mirror"] = a.mirror;
    report["detector"] = a.detector.empty() ? "cascades" : a.detector.substr(a.detector.find_last_of('/') + 1);

    const Cfp cfp(a.cfp);
    std::map<std::string, std::vector<CfpFold>> protocols;
    std::vector<CfpFold> all;
    for (const char* protocol : {"FF", "FP"}) {
        for (const int number : a.folds.empty() ? cfp.availableFolds(protocol) : a.folds) {
            protocols[protocol].push_back(cfp.fold(protocol, number));
            all.push_back(protocols[protocol].back());
        }
        if (protocols[protocol].empty()) {
            throw std::runtime_error(a.cfp + ": no fold of " + protocol + " has all its pictures here");
        }
    }
    const auto finder = cv::drgan::FaceFinder::create(a.detector, a.cascades);
    Gallery gallery(*finder, *embedder, a.mirror);
    embedAll(all, gallery);
    for (const std::string& path : gallery.notFound()) {
        spdlog::warn("{}: no face found, its middle is taken", path);
    }
    for (const auto& [protocol, folds] : protocols) {
        std::vector<FoldResult> results;
        for (const CfpFold& fold : folds) {
            results.push_back(evaluate(fold, gallery, threshold));
        }
        std::printf("%s\n", tableProtocol(protocol, results).c_str());
        report[protocol] = reportProtocol(results);
    }
    const PairScores everything = allFrontalProfile(all, gallery);
    const double eer = equalErrorRate(everything);
    std::printf("all frontal-profile pairs of these people: %zu, EER %.2f%%\n",
                everything.same.size() + everything.different.size(), 100 * eer);
    report["all_frontal_profile"] = {{"pairs", everything.same.size() + everything.different.size()}, {"eer", eer}};
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
    CLI::App app{"Face verification on CFP: accuracy, AUC and EER of a bundle or of any ONNX recogniser."};
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
