// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_OVERLAY_PLATE_HPP
#define DRGAN_CORE_OVERLAY_PLATE_HPP

#include <functional>
#include <opencv2/core.hpp>
#include <string>

#include "identity/identity.hpp"

namespace drgan {

/// A text as the overlay can write it, which is in ASCII alone. In and out: UTF-8.
using Spelling = std::function<std::string(const std::string&)>;

/// "?" for every character that is not ASCII.
std::string plainSpelling(const std::string& utf8);

/// How large a plate's text is, for a frame of this size.
struct PlateStyle {
    double text;  ///< font scale
    int stroke;   ///< pixels
    int line;     ///< height of a line, pixels, even
    int pad;      ///< pixels
    int widest;   ///< pixels, even: a longer name is cut

    explicit PlateStyle(cv::Size frame);
};

/// The plate of a face: id, name and similarity where it has a name, yaw, and its newest picture's confidence as a bar.
/// @return BGR, width and height even
cv::Mat makePlate(const TrackInfo& track, const PlateStyle& style, const cv::Scalar& colour, const Spelling& spell);

}  // namespace drgan

#endif
