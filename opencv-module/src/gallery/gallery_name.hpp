// SPDX-License-Identifier: Apache-2.0
#ifndef OPENCV_DRGAN_GALLERY_NAME_HPP
#define OPENCV_DRGAN_GALLERY_NAME_HPP

#include <string>

namespace cv {
namespace drgan {

constexpr size_t maxGalleryTextBytes = 1024;  ///< of a person's name and of a bundle's id

/// What is wrong with a name (of a person, a bundle's id), empty if nothing is: it must be UTF-8 of 1 to
/// maxGalleryTextBytes bytes without control characters (U+0000-001F, U+007F-009F), so that it stands on one line of
/// any list.
std::string nameFault(const char* text, size_t size);

/// In quotes, for messages: what is no printable UTF-8 becomes \xNN, and what is long is cut off.
std::string quoted(const std::string& name);

}  // namespace drgan
}  // namespace cv

#endif
