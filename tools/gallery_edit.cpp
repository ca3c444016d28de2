// SPDX-License-Identifier: Apache-2.0
//
// The subcommands that look at no pictures: create, list, pictures, rename, remove, merge.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <opencv2/drgan.hpp>
#include <stdexcept>

#include "gallery_commands.hpp"
#include "gallery_lock.hpp"
#include "gallery_person.hpp"

namespace fs = std::filesystem;
using cv::drgan::Gallery;

namespace drgan::tools {

void printJson(const Json& document) {
    const std::string line = document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    std::fputs(line.c_str(), stdout);
}

void checkMayWrite(const std::string& path, bool replace, const char* otherwise) {
    if (!replace && fs::exists(path)) {
        throw std::runtime_error(path + ": exists already; " + otherwise);
    }
    const fs::path folder = fs::path(path).parent_path();
    if (!folder.empty() && !fs::is_directory(folder)) {  // before an hour's work, not after
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

int createGallery(const GalleryArguments& arguments) {
    const auto check = [&] { checkMayWrite(arguments.gallery, false, "it was not changed"); };
    check();
    const auto encoder = cv::drgan::Encoder::create(cv::drgan::Bundle::load(arguments.bundle).encoder);
    const enrolment::GalleryLock lock(arguments.gallery);
    check();
    Gallery::create(encoder)->save(arguments.gallery);
    if (arguments.json) {
        printJson({{"gallery", arguments.gallery}, {"bundle_id", encoder->bundleId()}});
    } else {
        std::printf("%s: nobody yet, bundle %s\n", arguments.gallery.c_str(), encoder->bundleId().c_str());
    }
    return 0;
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

namespace {

void checkPerson(const Gallery& gallery, const GalleryArguments& arguments, const std::string& name) {
    if (!gallery.contains(name)) {
        throw std::runtime_error(arguments.gallery + ": there is no person named \"" + name +
                                 "\"; nothing was changed");
    }
}

int removePictures(const GalleryArguments& arguments) {
    if (arguments.names.size() != 1) {
        throw std::runtime_error("--picture: got " + std::to_string(arguments.names.size()) + " people, expected one");
    }
    const std::string& name = arguments.names[0];
    const enrolment::GalleryLock lock(arguments.gallery);
    const auto gallery = Gallery::load(arguments.gallery);
    checkPerson(*gallery, arguments, name);
    for (const std::string& picture : arguments.removed) {
        if (!gallery->contains(name) || !gallery->removePicture(name, picture)) {
            throw std::runtime_error(arguments.gallery + ": there is no picture \"" + picture + "\" of " + name +
                                     "; nothing was removed");
        }
    }
    gallery->save(arguments.gallery);
    const size_t left = gallery->contains(name) ? gallery->pictures(name).size() : 0;
    if (arguments.json) {
        printJson({{"gallery", arguments.gallery}, {"name", name}, {"removed", arguments.removed}, {"pictures", left}});
    } else {
        std::printf("%s: %zu pictures of %s removed, %zu left%s\n", arguments.gallery.c_str(), arguments.removed.size(),
                    name.c_str(), left, left == 0 ? ", the person was removed" : "");
    }
    return 0;
}

/// Cosine of a picture to the fused embedding of the person's other pictures; 1 if there are none.
double likenessOf(const Gallery& gallery, const std::string& name, const std::string& picture) {
    cv::drgan::Template others;
    cv::Mat own, embedding, fused;
    for (const std::string& other : gallery.pictures(name)) {
        double total = 0;
        int images = 0;
        gallery.picture(name, other, embedding, total, images);
        if (other == picture) {
            own = embedding.clone();
        } else {
            others.add(embedding, static_cast<float>(total));
        }
    }
    if (others.size() == 0) {
        return 1;
    }
    others.fused(fused);
    return own.dot(fused) / (cv::norm(own) * cv::norm(fused));
}

}  // namespace

int listPictures(const GalleryArguments& arguments) {
    const auto gallery = Gallery::load(arguments.gallery);
    const std::string& name = arguments.person;
    checkPerson(*gallery, arguments, name);
    cv::Mat embedding;
    double total = 0;
    int images = 0;
    gallery->person(name, embedding, total, images);
    Json pictures = Json::array();
    int kept = 0;
    if (!arguments.json) {
        std::printf("%8s  %12s  %10s  %s\n", "pictures", "confidence", "likeness", "file");
    }
    for (const std::string& picture : gallery->pictures(name)) {
        double confidence = 0;
        int count = 0;
        gallery->picture(name, picture, embedding, confidence, count);
        const double likeness = likenessOf(*gallery, name, picture);
        kept += count;
        if (arguments.json) {
            pictures.push_back(
                {{"picture", picture}, {"images", count}, {"confidence", confidence}, {"likeness", likeness}});
        } else {
            std::printf("%8d  %12.3f  %10.3f  %s\n", count, confidence, likeness, picture.c_str());
        }
    }
    if (arguments.json) {
        printJson({{"gallery", arguments.gallery}, {"name", name}, {"images", images}, {"pictures", pictures}});
    } else if (kept < images) {
        std::printf("%d of %d are only in the fused embedding and not stored\n", images - kept, images);
    }
    return 0;
}

int renamePerson(const GalleryArguments& arguments) {
    const enrolment::GalleryLock lock(arguments.gallery);
    const auto gallery = Gallery::load(arguments.gallery);
    const std::string& name = arguments.person;
    checkPerson(*gallery, arguments, name);
    gallery->rename(name, arguments.newName);
    gallery->save(arguments.gallery);
    if (arguments.json) {
        printJson({{"gallery", arguments.gallery}, {"name", name}, {"to", arguments.newName}});
    } else {
        std::printf("%s: %s is now %s\n", arguments.gallery.c_str(), name.c_str(), arguments.newName.c_str());
    }
    return 0;
}

int removePeople(const GalleryArguments& arguments) {
    if (isDatabaseAddress(arguments.gallery)) {
        return removeFromDatabase(arguments);
    }
    if (!arguments.removed.empty()) {
        return removePictures(arguments);
    }
    const enrolment::GalleryLock lock(arguments.gallery);
    const auto gallery = Gallery::load(arguments.gallery);
    for (const std::string& name : arguments.names) {
        if (!gallery->remove(name)) {
            // All or none, so that it is clear what was done after a mistyped name.
            throw std::runtime_error(arguments.gallery + ": there is no person named \"" + name +
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
        checkMayWrite(arguments.gallery, arguments.replace || amongThem, "--replace overwrites it");
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
                                     ": embeddings of different encoders cannot be compared");
        }
        for (const std::string& name : gallery->names()) {
            inSeveral += all->contains(name);
            enrolment::putPerson(enrolment::personOf(*gallery, name), name, *all);
        }
    }
    if (measured && arguments.galleries.size() > 1) {
        all->setThresholds({});  // they were measured on other people
        std::fprintf(stderr,
                     "drgan-gallery: %s: has no thresholds of its own; run drgan-gallery calibrate to measure them\n",
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
