// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "small_network/crops.hpp"

namespace drgan::train {

/// Photographs without faces, for faces to be put into: a folder's pictures, decoded once.
class Backgrounds {
public:
    /// Reads all pictures of the folder (not of folders in it), of any format that stb_image knows; others are left
    /// out, by name, with a warning.
    /// @throws std::runtime_error if the folder cannot be read or has no picture of 64 pixels and more
    explicit Backgrounds(const std::string& folder);

    size_t size() const { return photos_.size(); }
    int width(size_t photo) const { return photos_[photo].front().width; }    ///< pixels
    int height(size_t photo) const { return photos_[photo].front().height; }  ///< pixels
    const std::string& name(size_t photo) const { return names_[photo]; }

    /// Planes [3,size,size] in [-1,1] of a square of the photo, which may be rolled and lie partly outside: there, the
    /// photo's border goes on.
    std::vector<float> cut(size_t photo, const Square& square, int size, bool mirrored) const;

private:
    struct Picture {
        int width = 0, height = 0;
        std::vector<uint8_t> rgb;
    };
    static Picture halved(const Picture& from);

    std::vector<std::vector<Picture>> photos_;  // each, and its halves, quarters ...
    std::vector<std::string> names_;
};

/// A place in a background where the detector found a face.
struct HardNegative {
    size_t photo = 0;
    Square box;  ///< boxOf()'s
};

}  // namespace drgan::train
