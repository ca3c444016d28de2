// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <opencv2/drgan.hpp>
#include <opencv2/drgan/atomic_file.hpp>
#include <opencv2/imgcodecs.hpp>
#include <stdexcept>

#include "gallery_commands.hpp"
#include "match_sheet.hpp"
#include "still_faces.hpp"

namespace fs = std::filesystem;
using cv::drgan::Gallery;

namespace drgan::tools {

namespace {

/// Draws the people of a gallery from the front, each once.
class FrontalViews {
public:
    FrontalViews(const cv::drgan::Bundle& bundle, const cv::Ptr<cv::drgan::Encoder>& encoder, const Gallery& gallery)
        : decoder_(cv::drgan::Decoder::create(bundle.decoder, encoder)), gallery_(gallery) {}

    const cv::Mat& of(const std::string& name) {
        cv::Mat& view = views_[name];
        if (view.empty()) {
            cv::Mat embedding;
            double total = 0;
            int images = 0;
            gallery_.person(name, embedding, total, images);
            decoder_->frontalize(embedding, view);
        }
        return view;
    }

private:
    cv::Ptr<cv::drgan::Decoder> decoder_;
    const Gallery& gallery_;
    std::map<std::string, cv::Mat> views_;
};

int indexType(const std::string& name) {
    return name == "ivf" ? Gallery::INDEX_IVF : name == "hnsw" ? Gallery::INDEX_HNSW : Gallery::INDEX_EXACT;
}

/// The result in words.
std::string verdict(const cv::drgan::Identification& who) {
    if (who.best.empty()) {
        return "the gallery is empty";
    }
    if (!who.name.empty()) {
        return who.name;
    }
    if (who.similarity >= who.threshold) {
        return "nobody (similar to both " + who.best + " and " + who.second + ")";
    }
    return cv::format("nobody (%.3f to %s, below the threshold of %.3f)", who.similarity, who.best.c_str(),
                      who.threshold);
}

/// Replaces the file atomically, so that no reader sees half a picture.
void writeSheet(const MatchSheet& sheet, const std::string& path) {
    std::vector<uchar> png;
    cv::imencode(".png", sheet.draw(), png);
    cv::drgan::AtomicFile file(path, cv::drgan::AtomicFile::BY_UMASK);
    file.write(png.data(), png.size());
    file.commit();
}

}  // namespace

int searchGallery(const GalleryArguments& arguments) {
    enrolment::StillFaces faces(arguments.bundle, arguments.detector);
    const auto gallery = Gallery::load(arguments.gallery, faces.encoder());
    gallery->setSearchEffort(arguments.effort);
    gallery->buildIndex(indexType(arguments.index));
    cv::drgan::NamingRule rule = faces.bundle().naming();
    rule.threshold = arguments.threshold;
    rule.strangerRate = arguments.strangerRate;
    std::unique_ptr<FrontalViews> views;
    if (!arguments.contactSheet.empty()) {
        views = std::make_unique<FrontalViews>(faces.bundle(), faces.encoder(), *gallery);
    }
    MatchSheet sheet;
    Json results = Json::array();
    int failed = 0;
    for (const std::string& picture : arguments.pictures) {
        enrolment::StillFace face;
        cv::drgan::Identification who;
        std::vector<cv::String> names;
        cv::Mat similarities;
        try {
            face = faces.read(picture, false);
            who = gallery->identify(face.embedding, rule);
            gallery->search(face.embedding, arguments.k, names, similarities);
        } catch (const std::exception& error) {
            const auto* const cvError = dynamic_cast<const cv::Exception*>(&error);
            const std::string reason = cvError != nullptr ? cvError->err : error.what();
            std::fprintf(stderr, "drgan-gallery: %s: %s\n", picture.c_str(), reason.c_str());
            results.push_back({{"picture", picture}, {"error", reason}});
            ++failed;
            continue;
        }
        if (!arguments.json) {
            std::printf("%s: %s; confidence %.3f, yaw about %.0f degrees\n", picture.c_str(), verdict(who).c_str(),
                        face.confidence, face.yaw);
        }
        Json matches = Json::array();
        std::vector<MatchSheet::Match> drawn;
        for (size_t i = 0; i < names.size(); ++i) {
            const float similarity = similarities.at<float>(0, static_cast<int>(i));
            const bool same = names[i] == who.name;
            matches.push_back({{"name", names[i]}, {"similarity", similarity}});
            if (!arguments.json) {
                std::printf("%8.3f  %s\n", similarity, names[i].c_str());
            }
            if (views && !sheet.full() && i < static_cast<size_t>(MatchSheet::maxMatches)) {
                drawn.push_back({names[i], similarity, same, views->of(names[i])});
            }
        }
        results.push_back({{"picture", picture},
                           {"box", {face.box.x, face.box.y, face.box.width, face.box.height}},
                           {"yaw", face.yaw},
                           {"confidence", face.confidence},
                           {"name", who.name.empty() ? Json() : Json(who.name)},
                           {"threshold", who.threshold},
                           {"matches", matches}});
        if (views && sheet.full()) {
            std::fprintf(stderr, "drgan-gallery: %s: not on the contact sheet, which is full\n", picture.c_str());
        } else if (views) {
            sheet.add(fs::path(picture).filename().string(), face.aligned, std::move(drawn));
        }
    }
    if (views) {
        writeSheet(sheet, arguments.contactSheet);
    }
    if (arguments.json) {
        printJson({{"gallery", arguments.gallery}, {"bundle_id", gallery->bundleId()}, {"pictures", results}});
    }
    return failed == 0 ? 0 : 1;
}

}  // namespace drgan::tools
