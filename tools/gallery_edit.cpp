// SPDX-License-Identifier: Apache-2.0
//
// list, remove, merge: what needs no models.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <opencv2/drgan.hpp>
#include <stdexcept>

#include "gallery_commands.hpp"
#include "gallery_lock.hpp"

namespace fs = std::filesystem;
using cv::drgan::Gallery;

namespace drgan::tools {

void printJson(const Json& document) {
    const std::string line = document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    std::fputs(line.c_str(), stdout);
}

void checkMayWrite(const std::string& path, bool replace, const char* otherwise) {
    if (!replace && fs::exists(path)) {
        throw std::runtime_error(path + ": is there already; " + otherwise);
    }
    const fs::path folder = fs::path(path).parent_path();
    if (!folder.empty() && !fs::is_directory(folder)) {  // said before an hour's work and not after
        throw std::runtime_error(path + ": cannot be written: there is no folder " + folder.string());
    }
}

Json thresholdRows(const cv::drgan::Thresholds& thresholds) {
    Json rows = Json::array();
    for (size_t i = 0; i < thresholds.rates.size(); ++i) {
        rows.push_back({{"false_match_rate", thresholds.rates[i]}, {"cosine", thresholds.cosines[i]}});
    }
    return rows;
}

int listGallery(const GalleryArguments& arguments) {
    const auto gallery = Gallery::load(arguments.gallery);
    Json people = Json::array();
    if (!arguments.json) {
        std::printf("%s: %d people, embeddings of %d values, bundle %s\n", arguments.gallery.c_str(), gallery->size(),
                    gallery->embeddingSize(), gallery->bundleId().c_str());
        const cv::drgan::Thresholds own = gallery->thresholds();
        if (!own.empty()) {
            std::printf("its own thresholds, from drgan-gallery calibrate:");
            for (size_t i = 0; i < own.rates.size(); ++i) {
                std::printf("%s %.3f at %g", i == 0 ? "" : ",", static_cast<double>(own.cosines[i]), own.rates[i]);
            }
            std::printf("\n");
        }
        std::printf("%8s  %12s  %s\n", "pictures", "confidence", "name");
    }
    for (const std::string& name : gallery->names()) {
        cv::Mat embedding;
        double total = 0;
        int images = 0;
        gallery->person(name, embedding, total, images);
        if (arguments.json) {
            people.push_back({{"name", name}, {"images", images}, {"total_confidence", total}});
        } else {
            std::printf("%8d  %12.3f  %s\n", images, total, name.c_str());
        }
    }
    if (arguments.json) {
        printJson({{"gallery", arguments.gallery},
                   {"bundle_id", gallery->bundleId()},
                   {"embedding_size", gallery->embeddingSize()},
                   {"thresholds", thresholdRows(gallery->thresholds())},
                   {"people", people}});
    }
    return 0;
}

int removePeople(const GalleryArguments& arguments) {
    const enrolment::GalleryLock lock(arguments.gallery);
    const auto gallery = Gallery::load(arguments.gallery);
    for (const std::string& name : arguments.names) {
        if (!gallery->remove(name)) {
            // All or nothing: a mistyped name should not leave it open what was done.
            throw std::runtime_error(arguments.gallery + ": there is no person of the name \"" + name +
                                     "\"; nothing was removed");
        }
    }
    gallery->save(arguments.gallery);
    if (arguments.json) {
        printJson({{"gallery", arguments.gallery}, {"removed", arguments.names}, {"people", gallery->size()}});
    } else {
        std::printf("%s: %zu removed, %d people left\n", arguments.gallery.c_str(), arguments.names.size(),
                    gallery->size());
    }
    return 0;
}

int mergeGalleries(const GalleryArguments& arguments) {
    const bool amongThem =
        std::any_of(arguments.galleries.begin(), arguments.galleries.end(), [&](const std::string& path) {
            std::error_code error;
            return fs::equivalent(path, arguments.gallery, error);
        });
    const auto check = [&] {
        checkMayWrite(arguments.gallery, arguments.replace || amongThem, "--replace lets the new one take its place");
    };
    check();
    const enrolment::GalleryLock lock(arguments.gallery);
    check();
    cv::Ptr<Gallery> all;
    int inSeveral = 0;
    bool measured = false;
    for (const std::string& path : arguments.galleries) {
        const auto gallery = Gallery::load(path);
        measured = measured || !gallery->thresholds().empty();
        if (!all) {
            all = gallery;
            continue;
        }
        if (gallery->bundleId() != all->bundleId() || gallery->embeddingSize() != all->embeddingSize()) {
            throw std::runtime_error(path + ": holds embeddings of the bundle " + gallery->bundleId() + ", expected " +
                                     all->bundleId() + ", as in " + arguments.galleries.front() +
                                     ": embeddings of different models do not mix");
        }
        for (const std::string& name : gallery->names()) {
            cv::Mat embedding;
            double total = 0;
            int images = 0;
            gallery->person(name, embedding, total, images);
            inSeveral += all->contains(name);
            all->addFused(name, embedding, total, images);
        }
    }
    if (measured && arguments.galleries.size() > 1) {
        all->setThresholds({});  // they were measured on other people
        std::fprintf(stderr, "drgan-gallery: %s: has no thresholds of its own, calibrate measures them anew\n",
                     arguments.gallery.c_str());
    }
    all->save(arguments.gallery);
    if (arguments.json) {
        printJson({{"gallery", arguments.gallery},
                   {"bundle_id", all->bundleId()},
                   {"merged", arguments.galleries},
                   {"people", all->size()},
                   {"fused", inSeveral}});
    } else {
        std::printf("%s: %d people, of whom %d were fused\n", arguments.gallery.c_str(), all->size(), inSeveral);
    }
    return 0;
}

}  // namespace drgan::tools
