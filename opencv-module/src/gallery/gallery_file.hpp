// SPDX-License-Identifier: Apache-2.0
//
// The gallery's file, versions 1 and 2. Numbers are little-endian; u32, u64: unsigned integers, f32, f64: IEEE 754.
//
//     offset      type     what
//     0           8 bytes  "DRGANGAL"
//     8           u32      version: 1; 2: sections follow the people
//     12          u32      Nf, values of an embedding: 1 to 65536
//     16          u64      P, people: 0 to 2147483647
//     24          u64      bytes of the whole file
//     32          u32      B, bytes of the bundle's id: 1 to 1024
//     36          B bytes  the bundle's id, UTF-8 without control characters
//     36 + B      u32      CRC-32C of all bytes before
//
// P people follow, sorted by the bytes of their names (ascending, all different). In version 1 nothing follows them:
//
//     0           u32      L, bytes of the name: 1 to 1024
//     4           u32      pictures fused: 1 to 2147483647
//     8           f64      sum of their confidences, finite, >= 0
//     16          L bytes  the name, UTF-8 without control characters
//     16 + L      Nf f32   the fused embedding, not normalised; finite, its norm in 1e-15 to 1e15
//     16+L+4Nf    u32      CRC-32C of this person's bytes before
//
// In version 2 at least one section follows, up to the end of the file, sorted by the bytes of their tags (ascending,
// all different):
//
//     0           4 bytes  tag, four letters A to Z; gallery_sections.cpp lists them, others are refused
//     4           u64      S, bytes of the content
//     12          S bytes  the content
//     12 + S      u32      CRC-32C of this section's bytes before
//
// A gallery without sections is written as version 1, which older versions can read.
//
// CRC-32C: see crc32c.hpp. A checksum per person detects every error of a few bits, which a single one over gigabytes
// would not, and tells where it is. The same people always give the same bytes.

#ifndef OPENCV_DRGAN_GALLERY_FILE_HPP
#define OPENCV_DRGAN_GALLERY_FILE_HPP

#include <functional>
#include <string>

#include "gallery_people.hpp"

namespace cv {
namespace drgan {

constexpr int maxGalleryEmbeddingSize = 65536;

struct GalleryHeader {
    int embeddingSize = 0;
    std::string bundleId;
    uint64_t people = 0;
};

/// One of the sections after the people; gallery_sections.cpp lists the kinds.
struct GallerySection {
    std::string tag;  ///< four letters A to Z
    std::vector<uchar> content;
};

/// See AtomicFile. @param sections ascending by their tags
/// @throws cv::Exception naming the file and why it cannot be written
void writeGallery(const std::string& path, int embeddingSize, const std::string& bundleId, GallerySnapshot& snapshot,
                  const std::vector<GallerySection>& sections);

/// Reads a whole file. Everything is checked before it is used or memory is allocated for it.
/// @param begin called with the header; the file is long enough for that many people
/// @param person called with each person, in order
/// @param section called with each section, in order, after the people; returns what is wrong with it, or empty
/// @throws cv::Exception naming the file, what was found and what was expected
void readGallery(const std::string& path, const std::function<void(const GalleryHeader&)>& begin,
                 const std::function<void(const std::string& name, const FusedRow& fused)>& person,
                 const std::function<std::string(const GallerySection&)>& section);

}  // namespace drgan
}  // namespace cv

#endif
