// SPDX-License-Identifier: Apache-2.0
//
// What the containers of pictures say of them. OpenCV fills up what is missing of a cut-off file with grey, reads the
// orientation of some formats only, and takes the colours of some for others: what it cannot tell is found here.
#ifndef DRGAN_ENROLMENT_PICTURE_FORMAT_HPP
#define DRGAN_ENROLMENT_PICTURE_FORMAT_HPP

#include <string>

#include "bytes.hpp"

namespace drgan::enrolment {

enum class Format { other, jpeg, png, webp, bmp, tiff, gif, heif };

/// By the first 32 bytes or so.
Format formatOf(const Bytes& file);

struct Container {
    std::string fault;    ///< why the picture cannot be used and what to do; empty: nothing is known against it
    int orientation = 1;  ///< Exif's number, 1 to 8
};

/// @param file the whole of it
Container inspect(const Bytes& file);

/// The orientation that Exif data (a TIFF header and what follows) hold; 1 where they hold none.
int exifOrientation(const Bytes& exif);

/// A TIFF file: its first picture.
Container inspectTiff(const Bytes& file);

extern const char* const cutOff;  ///< what is wrong with a file that ends too early

}  // namespace drgan::enrolment

#endif
