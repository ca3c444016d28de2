// SPDX-License-Identifier: Apache-2.0
//
// What a gallery's file holds besides the people, each kind of data in its own section. For a new kind, add a member to
// GalleryExtras and a row to the table in gallery_sections.cpp.

#ifndef OPENCV_DRGAN_GALLERY_SECTIONS_HPP
#define OPENCV_DRGAN_GALLERY_SECTIONS_HPP

#include "gallery_file.hpp"
#include "gallery_pictures.hpp"

namespace cv {
namespace drgan {

struct GalleryExtras {
    int embeddingSize = 0;     ///< Nf, set before anything is read
    GalleryPictures pictures;  ///< section "PICS"; empty: none
    Thresholds thresholds;     ///< section "RATE"; empty: none
};

/// The sections that are not empty, sorted by their tags.
std::vector<GallerySection> sectionsOf(const GalleryExtras& extras);

/// Reads a section into `extras`. @return what is wrong with it, or empty
std::string readSection(const GallerySection& section, GalleryExtras& extras);

}  // namespace drgan
}  // namespace cv

#endif
