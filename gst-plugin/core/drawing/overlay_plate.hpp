// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_OVERLAY_PLATE_HPP
#define DRGAN_CORE_OVERLAY_PLATE_HPP

#include <functional>
#include <opencv2/core.hpp>
#include <string>

#include "identity/identity.hpp"

namespace drgan {

/// Converts a UTF-8 text to ASCII, which is all that the overlay's font has.
using Spelling = std::function<std::string(const std::string&)>;

/// "?" for every character that is not ASCII.
std::string plainSpelling(const std::string& utf8);

/// Sizes of a plate, for a frame of this size.
struct PlateStyle {
    double text;  ///< font scale
    int stroke;   ///< pixels
    int line;     ///< height of a line, pixels, even
    int pad;      ///< pixels
    int widest;   ///< maximum width, pixels, even: longer names are cut

    explicit PlateStyle(cv::Size frame);
};

/// Draws the plate of a face: id, name and similarity (if it has a name) or the beginning of the visitor's id, yaw, and
/// the newest picture's confidence as a bar.
/// @return BGR, width and height even
cv::Mat makePlate(const TrackInfo& track, const PlateStyle& style, const cv::Scalar& colour, const Spelling& spell);

}  // namespace drgan

#endif
