// SPDX-License-Identifier: Apache-2.0

#include "faces.hpp"

#include <unistd.h>

#include <cstdio>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <set>
#include <stdexcept>

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

}  // namespace

Faces::Faces(const std::vector<CfpFold>& folds, cv::drgan::FaceFinder& finder) {
    std::set<std::string> pictures;
    for (const CfpFold& fold : folds) {
        for (const CfpPair& pair : fold.pairs) {
            pictures.insert({pair.first, pair.second});
        }
    }
    for (const std::string& path : pictures) {
        const cv::Mat picture = readPicture(path);
        Face face;
        face.found = finder.findMain(picture, face.place);
        if (!face.found) {
            face.place = middleBox(picture.size());
        }
        face.hasYaw = face.found && finder.measuresLandmarks();
        face.yaw = face.hasYaw ? cv::drgan::estimateYaw(face.place) : 0;
        faces_[path] = face;
        progress("finding faces", faces_.size(), pictures.size());
    }
}

Embeddings embedAll(const Faces& faces, Embedder& embedder, bool mirror) {
    Embeddings embeddings;
    for (const auto& [path, face] : faces.all()) {
        embeddings[path] = embedder.embed(readPicture(path), face.place, mirror);
        progress("embedding", embeddings.size(), faces.all().size());
    }
    return embeddings;
}

Codes encodeAll(const Faces& faces, Embedder& embedder, double blur) {
    Codes codes;
    for (const auto& [path, face] : faces.all()) {
        cv::Mat picture = readPicture(path);
        if (blur > 0) {
            cv::GaussianBlur(picture, picture, {}, blur);
        }
        codes[path] = embedder.code(picture, face.place);
        progress(blur > 0 ? "encoding blurred" : "encoding", codes.size(), faces.all().size());
    }
    return codes;
}

}  // namespace drgan::eval
