// SPDX-License-Identifier: Apache-2.0
//
// What a gallery's file holds beside the people, each kind in a section of its own. A new kind is a member of
// GalleryExtras, and a row of the table in gallery_sections.cpp that writes and reads it.

#ifndef OPENCV_DRGAN_GALLERY_SECTIONS_HPP
#define OPENCV_DRGAN_GALLERY_SECTIONS_HPP

#include "gallery_file.hpp"
#include "gallery_pictures.hpp"

namespace cv {
namespace drgan {

struct GalleryExtras {
    int embeddingSize = 0;     ///< Nf, known before anything is read
    GalleryPictures pictures;  ///< section "PICS"; empty: none
    Thresholds thresholds;     ///< section "RATE"; empty: none
};

/// The sections of what there is, ascending by their tags.
std::vector<GallerySection> sectionsOf(const GalleryExtras& extras);

/// Puts what a section says into `extras`. @return what is wrong with it, empty if nothing is
std::string readSection(const GallerySection& section, GalleryExtras& extras);

}  // namespace drgan
}  // namespace cv

#endif
