// SPDX-License-Identifier: Apache-2.0
//
// Checks the container of a picture for what OpenCV does not report: OpenCV fills the missing part of a cut-off file
// with grey, reads the orientation of some formats only, and mistakes the colours of some.
#ifndef DRGAN_ENROLMENT_PICTURE_FORMAT_HPP
#define DRGAN_ENROLMENT_PICTURE_FORMAT_HPP

#include <string>

#include "bytes.hpp"

namespace drgan::enrolment {

enum class Format { other, jpeg, png, webp, bmp, tiff, gif, heif };

/// By the first bytes; 32 are enough.
Format formatOf(const Bytes& file);

struct Container {
    std::string fault;    ///< why the picture cannot be used and what to do; empty: no fault found
    int orientation = 1;  ///< Exif's number, 1 to 8
};

/// @param file all of its bytes
Container inspect(const Bytes& file);

/// The orientation in Exif data (which start with a TIFF header); 1 if there is none.
int exifOrientation(const Bytes& exif);

/// Checks the first picture of a TIFF file.
Container inspectTiff(const Bytes& file);

extern const char* const cutOff;  ///< fault of a file that ends too early

}  // namespace drgan::enrolment

#endif
