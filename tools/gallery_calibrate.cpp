// SPDX-License-Identifier: Apache-2.0
//
// Measures thresholds on the user's own gallery and stores them in it, for Gallery::identify().
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <opencv2/drgan.hpp>
#include <stdexcept>

#include "calibration.hpp"
#include "gallery_commands.hpp"
#include "gallery_lock.hpp"
#include "still_faces.hpp"

namespace fs = std::filesystem;
using cv::drgan::Gallery;

namespace drgan::tools {

namespace {

struct KnownPerson {
    std::string name;
    cv::Mat unit;  ///< 1xNf CV_32F
    int images = 0;
};

constexpr size_t mostCompared = 2000;  // two million pairs: enough for a false-match rate of 1e-5

/// All people, or mostCompared of them, evenly spread by name.
std::vector<KnownPerson> peopleOf(const Gallery& gallery) {
    std::vector<KnownPerson> people;
    const std::vector<cv::String> names = gallery.names();
    const size_t some = std::min(names.size(), mostCompared);
    for (size_t i = 0; i < some; ++i) {
        const std::string& name = names[i * names.size() / some];
        KnownPerson person;
        person.name = name;
        double total = 0;
        gallery.person(name, person.unit, total, person.images);
        person.unit /= cv::norm(person.unit);
        people.push_back(std::move(person));
    }
    return people;
}

/// The given pictures, and those in the given folders.
std::vector<std::string> picturesOf(const std::vector<std::string>& paths) {
    std::vector<std::string> pictures;
    for (const std::string& path : paths) {
        if (!fs::is_directory(path)) {
            pictures.push_back(path);
            continue;
        }
        std::vector<std::string> found;
        for (const auto& entry :
             fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied)) {
            if (entry.is_regular_file() && entry.path().filename().string().front() != '.') {
                found.push_back(entry.path().string());
            }
        }
        std::sort(found.begin(), found.end());
        pictures.insert(pictures.end(), found.begin(), found.end());
    }
    return pictures;
}

/// Scales a cosine as if both sides had a single picture: fused embeddings are more similar.
class Single {
public:
    explicit Single(const cv::drgan::Thresholds& bundle) : empty_(Gallery::createEmpty(1, "none")) {
        rule_.thresholds = bundle;
        one_ = empty_->namingThreshold(rule_);
    }
    double of(double cosine, int images, int personImages) const {
        return cosine * one_ / empty_->namingThreshold(rule_, images, personImages);
    }

private:
    cv::Ptr<Gallery> empty_;
    cv::drgan::NamingRule rule_;
    double one_;
};

/// Stores them in the current file: others may have changed it since it was read.
void store(const std::string& file, const cv::drgan::Thresholds& thresholds) {
    const enrolment::GalleryLock lock(file);
    const auto now = Gallery::load(file);
    now->setThresholds(thresholds);
    now->save(file);
}

double share(size_t part, size_t of) { return of == 0 ? 0 : static_cast<double>(part) / static_cast<double>(of); }

}  // namespace

int calibrateGallery(const GalleryArguments& arguments) {
    const auto bundle = cv::drgan::Bundle::load(arguments.bundle);
    const auto gallery = Gallery::load(arguments.gallery);
    if (gallery->bundleId() != bundle.id) {
        throw std::runtime_error(arguments.gallery + ": holds embeddings of the bundle " + gallery->bundleId() +
                                 ", expected " + bundle.id + ", that of " + bundle.folder);
    }
    if (arguments.drop) {
        const bool had = !gallery->thresholds().empty();
        store(arguments.gallery, {});
        if (arguments.json) {
            printJson({{"gallery", arguments.gallery}, {"stored", false}, {"dropped", had}});
        } else {
            std::printf("%s: %s\n", arguments.gallery.c_str(),
                        had ? "its thresholds were removed, the bundle's are used" : "has no thresholds of its own");
        }
        return 0;
    }
    if (bundle.thresholds.empty()) {
        throw std::runtime_error(bundle.folder +
                                 ": the bundle has no thresholds; they are needed for rates that a gallery "
                                 "is too small to measure");
    }
    const Single single(bundle.thresholds);
    const std::vector<KnownPerson> people = peopleOf(*gallery);
    std::vector<Comparison> comparisons;
    for (size_t i = 0; i < people.size(); ++i) {
        for (size_t j = i + 1; j < people.size(); ++j) {
            comparisons.push_back({single.of(people[i].unit.dot(people[j].unit), people[i].images, people[j].images),
                                   static_cast<int>(i), static_cast<int>(j)});
        }
    }
    const std::vector<std::string> pictures = picturesOf(arguments.pictures);
    std::vector<cv::Mat> strangers;
    int failed = 0;
    if (!pictures.empty()) {
        enrolment::StillFaces faces(arguments.bundle, arguments.detector);
        for (const std::string& picture : pictures) {
            std::string reason;
            try {
                const enrolment::StillFace face = faces.read(picture, true);
                strangers.push_back(face.embedding);
                const cv::Mat unit = face.embedding / cv::norm(face.embedding);
                for (size_t i = 0; i < people.size(); ++i) {
                    comparisons.push_back(
                        {single.of(unit.dot(people[i].unit), 1, people[i].images), static_cast<int>(i), -1});
                }
            } catch (const cv::Exception& error) {
                reason = error.err;
            } catch (const std::runtime_error& error) {
                reason = error.what();
            }
            if (!reason.empty()) {
                std::fprintf(stderr, "drgan-gallery: %s: %s\n", picture.c_str(), reason.c_str());
                ++failed;
            }
        }
    }
    const Calibration measured = calibrate(std::move(comparisons), bundle.thresholds);
    cv::drgan::NamingRule rule = bundle.naming();
    rule.strangerRate = arguments.strangerRate;
    const auto named = [&] {
        return static_cast<size_t>(std::count_if(strangers.begin(), strangers.end(), [&](const cv::Mat& stranger) {
            return !gallery->identify(stranger, rule).name.empty();
        }));
    };
    gallery->setThresholds({});
    const double before = gallery->namingThreshold(rule);
    const size_t namedBefore = named();
    const bool stored = !measured.thresholds.empty();
    if (stored) {
        gallery->setThresholds(measured.thresholds);
        store(arguments.gallery, measured.thresholds);
    }
    for (const Comparison& pair : measured.leftOut) {
        std::fprintf(stderr, "drgan-gallery: %s and %s are so similar (%.3f) that they may be one person: left out\n",
                     people[static_cast<size_t>(pair.first)].name.c_str(),
                     people[static_cast<size_t>(pair.second)].name.c_str(), pair.cosine);
    }
    if (!stored) {
        std::fprintf(stderr,
                     "drgan-gallery: %s: %zu people and %zu pictures of strangers give %zu comparisons, expected at "
                     "least %zu (46 people, or strangers' pictures x people): nothing was stored\n",
                     arguments.gallery.c_str(), people.size(), strangers.size(), measured.comparisons,
                     measured.leastComparisons);
    }
    const double after = gallery->namingThreshold(rule);
    const size_t namedAfter = named();
    if (arguments.json) {
        Json rows = Json::array();
        for (size_t i = 0; i < measured.thresholds.rates.size(); ++i) {
            rows.push_back({{"false_match_rate", measured.thresholds.rates[i]},
                            {"cosine", measured.thresholds.cosines[i]},
                            {"measured", measured.thresholds.rates[i] >= measured.measuredDownTo}});
        }
        Json out = {{"gallery", arguments.gallery},
                    {"stored", stored},
                    {"people", people.size()},
                    {"strangers", strangers.size()},
                    {"comparisons", measured.comparisons},
                    {"thresholds", rows},
                    {"stranger_rate", rule.strangerRate},
                    {"threshold_before", before},
                    {"threshold", after}};
        if (!strangers.empty()) {
            out["strangers_named_before"] = namedBefore;
            out["strangers_named"] = namedAfter;
        }
        printJson(out);
    } else if (stored) {
        std::printf("%s: %zu comparisons of %zu people and %zu pictures of strangers\n", arguments.gallery.c_str(),
                    measured.comparisons, people.size(), strangers.size());
        for (size_t i = 0; i < measured.thresholds.rates.size(); ++i) {
            const double rate = measured.thresholds.rates[i];
            std::printf("%8.3f  at a false-match rate of %g%s\n", static_cast<double>(measured.thresholds.cosines[i]),
                        rate, rate >= measured.measuredDownTo ? "" : "  (extended with the bundle's curve)");
        }
        std::printf("a single picture gets a name at %.3f or above (with the bundle's thresholds: %.3f)\n", after,
                    before);
        if (!strangers.empty()) {
            std::printf("%zu of the strangers' pictures get a name, %.1f %% (with the bundle's thresholds: %zu)\n",
                        namedAfter, 100 * share(namedAfter, strangers.size()), namedBefore);
        }
    }
    return stored && failed == 0 ? 0 : 1;
}

}  // namespace drgan::tools
