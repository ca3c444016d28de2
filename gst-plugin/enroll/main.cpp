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
#include "gallery_lock.hpp"
#include "people_files.hpp"
#include "report.hpp"

namespace {

namespace enroll = drgan::enroll;
namespace enrolment = drgan::enrolment;

struct Arguments {
    std::vector<std::string> paths;
    std::string gallery;
    std::string name;
    std::string bundle;
    std::string detector;
    bool update = false;
    bool keepUnlike = false;
    bool noPictures = false;
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
    app.add_option("--name", a.name, "name of the person that all files show");
    app.add_option("--bundle", a.bundle, "folder of the models; default: DRGAN_BUNDLE, else the installed bundle")
        ->check(CLI::ExistingDirectory);
    app.add_option("--detector", a.detector, "YuNet model to detect faces; default: the bundle's detector")
        ->check(CLI::ExistingFile);
    app.add_flag("--update", a.update, "add to an existing gallery; new pictures of a person in it are fused");
    app.add_flag("--keep-unlike", a.keepUnlike, "also use files whose faces do not fit the person's others");
    app.add_flag("--no-pictures", a.noPictures,
                 "do not store single files; drgan-gallery cannot list or remove them later");
    app.add_flag("--json", a.json, "report as JSON on standard output");
    app.add_flag("-q,--quiet", a.quiet, "no progress on standard error");
}

int run(const Arguments& a) {
    // Check the arguments first: embedding takes long.
    const enrolment::Sources sources = enrolment::findSources(a.paths, a.name);
    if (sources.files.empty()) {
        throw std::runtime_error(
            "no files to enroll people from" +
            (sources.aside.empty() ? "" : ": " + sources.aside[0].file + " " + sources.aside[0].reason));
    }
    const auto exists = [&] { return std::filesystem::exists(a.gallery); };
    const auto checkMayWrite = [&] {
        if (exists() && !a.update) {
            throw std::runtime_error(a.gallery + ": already exists; --update adds to it");
        }
    };
    checkMayWrite();
    { const enrolment::GalleryLock lock(a.gallery); }
    enrolment::StillFaces stills(a.bundle, a.detector);
    const auto encoder = stills.encoder();
    if (exists()) {
        cv::drgan::Gallery::load(a.gallery, encoder);
    }
    enroll::FaceElement element(a.bundle, a.detector);
    const enroll::Embedders embedders{stills, element,
                                      [&](const cv::Mat& x, const cv::Mat& y) { return encoder->match(x, y); },
                                      stills.bundle().matchThreshold};
    const auto results = enroll::embedFiles(sources.files, embedders, [&](size_t i, const enrolment::Source& s) {
        if (!a.quiet) {
            std::fprintf(stderr, "[%zu/%zu] %s: %s\n", i + 1, sources.files.size(), s.name.c_str(), s.file.c_str());
        }
    });
    // Embedding takes long: load the gallery only now, and lock it until it is saved.
    const enrolment::GalleryLock lock(a.gallery);
    checkMayWrite();
    const bool existed = exists();
    const auto gallery = existed ? cv::drgan::Gallery::load(a.gallery, encoder) : cv::drgan::Gallery::create(encoder);
    enroll::Report report;
    report.outcomes = enroll::add(results, *gallery, embedders, {a.keepUnlike, !a.noPictures});
    report.aside = sources.aside;
    report.gallery = a.gallery;
    report.bundle = stills.bundle().id;
    report.people = gallery->size();
    const bool any = enroll::enrolled(report) > 0;
    if (any) {
        gallery->save(a.gallery);
    }
    std::fputs((a.json ? enroll::asJson(report) : enroll::asText(report)).c_str(), stdout);
    if (!any) {
        throw std::runtime_error("nobody was enrolled; " + a.gallery +
                                 (existed ? " is as it was" : " was not written"));
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Arguments a;
    CLI::App app(
        "Makes a gallery of named people from their pictures and videos, through drganfrontalize itself.\n"
        "A picture must show one face, or one of at least twice the area of every other; a video one person. What "
        "does\n"
        "not fit a person's other files is left out. Files that are not used are listed.");
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
