// SPDX-License-Identifier: Apache-2.0
#ifndef OPENCV_DRGAN_GALLERY_NAME_HPP
#define OPENCV_DRGAN_GALLERY_NAME_HPP

#include <string>

namespace cv {
namespace drgan {

constexpr size_t maxGalleryTextBytes = 1024;  ///< of a person's name or a bundle id

/// What is wrong with a person's name or a bundle id, or empty. It must be UTF-8 of 1 to maxGalleryTextBytes bytes
/// without control characters (U+0000-001F, U+007F-009F), so that it fits on one line of any list.
std::string nameFault(const char* text, size_t size);

/// In quotes, for messages: bytes that are not printable UTF-8 become \xNN, and long names are truncated.
std::string quoted(const std::string& name);

}  // namespace drgan
}  // namespace cv

#endif
