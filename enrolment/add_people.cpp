// SPDX-License-Identifier: Apache-2.0
#include "add_people.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "gallery_person.hpp"

namespace drgan::enrolment {
namespace {

/// A person's embedding in a gallery; empty if the person is not in it.
Piece knownOf(const cv::drgan::Gallery& gallery, const std::string& name) {
    Piece known;
    if (gallery.contains(name)) {
        int images = 0;
        gallery.person(name, known.embedding, known.confidence, images);
    }
    return known;
}

/// The label of a file in the gallery. File names may consist of any bytes, labels may not.
std::string labelOf(const Seen& seen) {
    std::string label =
        seen.picture.empty() ? std::filesystem::path(seen.file).filename().generic_string() : seen.picture;
    try {
        cv::drgan::Gallery::createEmpty(1, label);  // which checks names by the same rule
    } catch (const cv::Exception&) {
        std::replace_if(
            label.begin(), label.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
        label = label.empty() ? "?" : label.substr(label.size() - std::min(label.size(), size_t(1000)));
    }
    return label;
}

bool isThere(const cv::drgan::Gallery& gallery, const Seen& seen) {
    const std::string label = labelOf(seen);
    if (seen.piece.embedding.empty() || !hasPicture(gallery, seen.name, label)) {
        return false;
    }
    cv::Mat embedding;
    double total = 0;
    int images = 0;
    gallery.picture(seen.name, label, embedding, total, images);
    return embedding.size() == seen.piece.embedding.size() &&
           cv::norm(embedding, seen.piece.embedding, cv::NORM_INF) == 0;
}

std::string whyNot(const std::string& name, const Fit& fit, size_t i, bool isKnown, size_t of, double threshold) {
    if (fit.count == 0 && !isKnown) {
        return cv::format(
            "the %zu files of %s do not fit together: no more than half of the faces are alike. None was used", of,
            name.c_str());
    }
    return cv::format("unlike %s of %s (cosine %.2f, expected at least %.2f): is it the same person?",
                      isKnown ? "what the gallery knows" : "the other files", name.c_str(), fit.likeness[i], threshold);
}

}  // namespace

std::vector<Verdict> addPeople(const std::vector<Seen>& seen, cv::drgan::Gallery& gallery, const Match& match,
                               double threshold, const AddOptions& options) {
    std::vector<Verdict> verdicts(seen.size());
    std::map<std::string, std::vector<size_t>> people;
    for (size_t i = 0; i < seen.size(); ++i) {
        if (isThere(gallery, seen[i])) {
            verdicts[i].reason = "is in the gallery already";
        } else if (!seen[i].piece.embedding.empty()) {
            people[seen[i].name].push_back(i);
        }
    }
    for (const auto& [name, files] : people) {
        std::vector<Piece> pieces;
        for (const size_t file : files) {
            pieces.push_back(seen[file].piece);
        }
        const Piece known = knownOf(gallery, name);
        const bool isKnown = !known.embedding.empty();
        const Fit fit = fitting(pieces, match, threshold, known);
        for (size_t i = 0; i < files.size(); ++i) {
            const Seen& from = seen[files[i]];
            Verdict& verdict = verdicts[files[i]];
            verdict.likeness = fit.likeness[i];
            verdict.unlike = !fit.fits[i];
            verdict.taken = fit.fits[i] || options.keepUnlike;
            if (!verdict.taken) {
                verdict.reason = whyNot(name, fit, i, isKnown, files.size(), threshold);
                continue;
            }
            try {
                if (options.keepPictures) {
                    gallery.addPicture(name, from.piece.embedding, from.piece.confidence, from.images,
                                       freeLabel(gallery, name, labelOf(from)));
                } else {
                    gallery.addFused(name, from.piece.embedding, from.piece.confidence, from.images);
                }
            } catch (const cv::Exception& error) {  // a name that a gallery refuses
                verdict.taken = false;
                verdict.reason = error.err.empty() ? error.what() : error.err;
            }
        }
    }
    return verdicts;
}

}  // namespace drgan::enrolment
