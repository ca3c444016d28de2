// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "small_network/crops.hpp"

namespace drgan::train {

/// Photographs without faces, for faces to be put into: a folder's pictures, decoded once.
class Backgrounds {
public:
    /// Reads all pictures of the folder (not of folders in it), of any format that cv::imread knows; others are left
    /// out, by name, with a warning.
    /// @throws std::runtime_error if the folder cannot be read or has no picture of 64 pixels and more
    explicit Backgrounds(const std::string& folder);

    size_t size() const { return photos_.size(); }
    int width(size_t photo) const { return photos_[photo].front().cols; }   ///< pixels
    int height(size_t photo) const { return photos_[photo].front().rows; }  ///< pixels
    const std::string& name(size_t photo) const { return names_[photo]; }

    /// A square of the photo, which may be rolled and lie partly outside: there it is as cutCrop() has it.
    /// @return size x size, CV_8UC3, RGB
    cv::Mat cut(size_t photo, const Square& square, int size, bool mirrored) const;

private:
    std::vector<std::vector<cv::Mat>> photos_;  // each, and its halves, quarters ...
    std::vector<std::string> names_;
};

/// A place in a background where the detector found a face.
struct HardNegative {
    size_t photo = 0;
    Square box;  ///< boxOf()'s
};

}  // namespace drgan::train
