// SPDX-License-Identifier: Apache-2.0
//
// drgan-enroll: pictures and videos of people -> a gallery for drganfrontalize's property of that name.
#include <gst/gst.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "enroll.hpp"
#include "report.hpp"

namespace {

namespace enroll = drgan::enroll;

struct Arguments {
    std::vector<std::string> paths;
    std::string gallery;
    std::string name;
    std::string bundle;
    std::string detector;
    bool update = false;
    bool json = false;
    bool quiet = false;
};

void define(CLI::App& app, Arguments& a) {
    app.add_option(
           "PATH", a.paths,
           "folder with a folder of pictures and videos per person; with --name: pictures, videos or folders of "
           "one person")
        ->required();
    app.add_option("-o,--gallery", a.gallery, "gallery to write")->required();
    app.add_option("--name", a.name, "whose pictures and videos all paths are");
    app.add_option("--bundle", a.bundle, "folder of the models; else DRGAN_BUNDLE, else the installed ones")
        ->check(CLI::ExistingDirectory);
    app.add_option("--detector", a.detector, "YuNet model that finds the faces; else the bundle's detector")
        ->check(CLI::ExistingFile);
    app.add_flag("--update", a.update,
                 "add to a gallery that exists; a person who is in it is fused with the new pictures");
    app.add_flag("--json", a.json, "report as JSON on standard output");
    app.add_flag("-q,--quiet", a.quiet, "no progress on standard error");
}

int run(const Arguments& a) {
    // First what may be wrong with the arguments: looking at pictures takes long.
    const enroll::Sources sources = enroll::findSources(a.paths, a.name);
    if (sources.files.empty()) {
        throw std::runtime_error("there are no files to enroll people from" +
                                 std::string(sources.aside.empty() ? ""
                                                                   : ": those that are there are in no folder of a "
                                                                     "person (or use --name)"));
    }
    const auto bundle = cv::drgan::Bundle::load(a.bundle);
    const auto encoder = cv::drgan::Encoder::create(bundle.encoder);
    const bool exists = std::filesystem::exists(a.gallery);
    if (exists && !a.update) {
        throw std::runtime_error(a.gallery + ": is there already; --update adds to it");
    }
    const auto gallery = exists ? cv::drgan::Gallery::load(a.gallery, encoder) : cv::drgan::Gallery::create(encoder);

    enroll::FaceElement element(a.bundle, a.detector);
    const auto match = [&](const cv::Mat& x, const cv::Mat& y) { return encoder->match(x, y); };
    const auto progress = [&](size_t i, const enroll::Source& s) {
        if (!a.quiet) {
            std::fprintf(stderr, "[%zu/%zu] %s: %s\n", i + 1, sources.files.size(), s.name.c_str(), s.file.c_str());
        }
    };
    enroll::Report report;
    report.outcomes = enroll::enroll(sources.files, element, *gallery, match, bundle.matchThreshold, progress);
    report.aside = sources.aside;
    report.gallery = a.gallery;
    report.bundle = bundle.id;
    report.people = gallery->size();
    const bool any = enroll::enrolled(report) > 0;
    if (any) {
        gallery->save(a.gallery);
    }
    std::fputs((a.json ? enroll::asJson(report) : enroll::asText(report)).c_str(), stdout);
    if (!any) {
        throw std::runtime_error("nobody was enrolled; " + a.gallery + (exists ? " is as it was" : " was not written"));
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Arguments a;
    CLI::App app(
        "Makes a gallery of named people from their pictures and videos, through drganfrontalize itself.\n"
        "A picture must show one face, or one that is at least twice as large as every other.");
    define(app, a);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_ERROR);
    gst_init(nullptr, nullptr);
    try {
        return run(a);
    } catch (const cv::Exception& e) {
        std::fprintf(stderr, "drgan-enroll: %s\n", e.err.empty() ? e.what() : e.err.c_str());
    } catch (const std::exception& e) {
        std::fprintf(stderr, "drgan-enroll: %s\n", e.what());
    }
    return 1;
}
