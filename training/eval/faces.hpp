// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <map>
#include <opencv2/core.hpp>
#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "cfp.hpp"
#include "embedder.hpp"

namespace drgan::eval {

/// The face of each picture, found once, however many studies ask for it.
class Faces {
public:
    struct Face {
        cv::Mat place;  ///< as cv::drgan::alignCrop takes it; the picture's middle where no face was found
        bool found = false;
        bool hasYaw = false;  ///< the finder measures landmarks, the cascades do not
        float yaw = 0;        ///< degrees, of cv::drgan::estimateYaw; positive: to the image's right
    };

    /// Finds the main face of every picture of the folds, with progress on stderr.
    /// @throws std::runtime_error naming a picture that cannot be read
    Faces(const std::vector<CfpFold>& folds, cv::drgan::FaceFinder& finder);

    const Face& at(const std::string& path) const { return faces_.at(path); }
    const std::map<std::string, Face>& all() const { return faces_; }

private:
    std::map<std::string, Face> faces_;
};

using Embeddings = std::map<std::string, cv::Mat>;    ///< by picture; 1xNf of unit norm
using Codes = std::map<std::string, Embedder::Code>;  ///< by picture

/// @param mirror see Embedder::embed
Embeddings embedAll(const Faces& faces, Embedder& embedder, bool mirror);
/// @param blur sigma of a Gaussian blur of the picture, pixels; 0: none
Codes encodeAll(const Faces& faces, Embedder& embedder, double blur = 0);

}  // namespace drgan::eval
