// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <functional>
#include <map>
#include <opencv2/core.hpp>
#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "embedder.hpp"
#include "protocol.hpp"

namespace drgan::eval {

/// The face of each picture, found once, however many studies ask for it.
class Faces {
public:
    struct Face {
        cv::Mat place;  ///< as Embedder::align takes it: the picture's middle where no face was found
        bool found = false;
        bool hasYaw = false;  ///< the finder measures landmarks
        float yaw = 0;        ///< degrees, positive: the nose points to the image's right
    };
    using Reader = std::function<cv::Mat(const std::string& picture)>;  ///< BGR, 8-bit

    Faces(std::map<std::string, Face> faces, Reader reader);

    /// Finds the main face of every picture of the folds, which go by their paths, with progress on stderr.
    /// @throws std::runtime_error naming a picture that cannot be read
    static Faces find(const std::vector<Fold>& folds, cv::drgan::FaceFinder& finder);

    const Face& at(const std::string& picture) const { return faces_.at(picture); }
    const std::map<std::string, Face>& all() const { return faces_; }
    cv::Mat read(const std::string& picture) const { return reader_(picture); }

private:
    std::map<std::string, Face> faces_;
    Reader reader_;
};

using Embeddings = std::map<std::string, cv::Mat>;            ///< by picture; 1xNf of unit norm
using Encodings = std::map<std::string, Embedder::Encoding>;  ///< by picture

constexpr double blurSigma = 3;  ///< of a blurred picture: Gaussian, pixels of the picture as it came
constexpr int smallSide = 24;    ///< of a small face: pixels that the aligned face is shrunk to, and enlarged again
constexpr int tinySide = 12;     ///< of a tiny one
constexpr double hazeShare = 1. / 28;  ///< sigma of a hazy face: Gaussian, of the aligned face's side

/// What a network says of every picture.
struct Encoded {
    Embeddings embeddings;  ///< see Embedder::embed
    Encodings clean;        ///< of the same passes, before a mirror image is added
    Encodings blurred;      ///< empty unless asked for
    Encodings small;        ///< empty unless asked for
    Encodings hazy;         ///< empty unless asked for
    Encodings tiny;         ///< empty unless asked for
};

/// @param worse encodes each picture blurred, small, hazy and tiny, too
Encoded encodeAll(const Faces& faces, Embedder& embedder, bool mirror, bool worse);

}  // namespace drgan::eval
