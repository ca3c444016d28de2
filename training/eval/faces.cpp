// SPDX-License-Identifier: Apache-2.0

#include "faces.hpp"

#include <unistd.h>

#include <cstdio>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <set>
#include <stdexcept>
#include <utility>

namespace drgan::eval {

namespace {

void progress(const char* what, size_t done, size_t all) {
    const bool terminal = ::isatty(STDERR_FILENO) != 0;
    if (terminal || done % 100 == 0 || done == all) {
        std::fprintf(stderr, "%s%s: %zu/%zu pictures%s", terminal ? "\r\033[K" : "", what, done, all,
                     terminal && done != all ? "" : "\n");
    }
}

cv::Mat readPicture(const std::string& path) {
    cv::Mat picture = cv::imread(path, cv::IMREAD_COLOR);
    if (picture.empty()) {
        throw std::runtime_error(path + ": cannot be read as a picture");
    }
    return picture;
}

cv::Mat shrinkAndEnlarge(const cv::Mat& aligned, int side) {
    cv::Mat small, large;
    cv::resize(aligned, small, {side, side}, 0, 0, cv::INTER_AREA);
    cv::resize(small, large, aligned.size(), 0, 0, cv::INTER_LINEAR);
    return large;
}

}  // namespace

Faces::Faces(std::map<std::string, Face> faces, Reader reader) : faces_(std::move(faces)), reader_(std::move(reader)) {}

Faces Faces::find(const std::vector<Fold>& folds, cv::drgan::FaceFinder& finder) {
    std::set<std::string> pictures;
    for (const Fold& fold : folds) {
        for (const Pair& pair : fold.pairs) {
            pictures.insert({pair.first, pair.second});
        }
    }
    std::map<std::string, Face> faces;
    for (const std::string& path : pictures) {
        const cv::Mat picture = readPicture(path);
        Face face;
        face.found = finder.findMain(picture, face.place);
        if (!face.found) {
            face.place = middleBox(picture.size());
        }
        face.hasYaw = face.found && finder.measuresLandmarks();
        face.yaw = face.hasYaw ? cv::drgan::estimateYaw(face.place) : 0;
        faces[path] = face;
        progress("finding faces", faces.size(), pictures.size());
    }
    return {std::move(faces), readPicture};
}

Encoded encodeAll(const Faces& faces, Embedder& embedder, bool mirror, bool worse) {
    Encoded encoded;
    for (const auto& [name, face] : faces.all()) {
        const cv::Mat picture = faces.read(name);
        const cv::Mat aligned = embedder.align(picture, face.place);
        const Embedder::Encoding& encoding = encoded.clean[name] = embedder.encode(aligned);
        encoded.embeddings[name] = embedder.embed(aligned, encoding, mirror);
        if (worse) {
            cv::Mat blurred;
            cv::GaussianBlur(picture, blurred, {}, blurSigma);
            encoded.blurred[name] = embedder.encode(embedder.align(blurred, face.place));
            encoded.small[name] = embedder.encode(shrinkAndEnlarge(aligned, smallSide));
            cv::Mat hazy;
            cv::GaussianBlur(aligned, hazy, {}, hazeShare * aligned.rows);
            encoded.hazy[name] = embedder.encode(hazy);
            encoded.tiny[name] = embedder.encode(shrinkAndEnlarge(aligned, tinySide));
        }
        progress("encoding", encoded.clean.size(), faces.all().size());
    }
    return encoded;
}

}  // namespace drgan::eval
