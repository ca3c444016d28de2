// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_GALLERY_CHANGE_HPP
#define DRGAN_CORE_GALLERY_CHANGE_HPP

#include <opencv2/drgan.hpp>
#include <string>

namespace drgan {

/// A change of a gallery by hand, which can be made again in a newer version of the gallery.
struct GalleryChange {
    enum class Kind {
        enroll,  ///< `embedding` becomes the person `name`, or a picture more of them
        remove,  ///< removes `name`
        rename,  ///< `name` becomes `to`, whom there is not yet
        merge    ///< the pictures of `name` become those of `to`
    };
    Kind kind = Kind::remove;
    std::string name;
    std::string to;
    // Of an enrolment.
    cv::Mat embedding;           ///< fused
    double totalConfidence = 0;  ///< of its pictures
    int images = 0;              ///< number of its pictures
    std::string picture;         ///< see Gallery::addPicture(); replaces the person's picture of that name
};

/// @throws cv::Exception, with nothing changed, if it is impossible
void apply(const GalleryChange& change, cv::drgan::Gallery& gallery);

/// The same in a gallery that others have changed since: what cannot be done any more is left out, and a person who is
/// renamed to somebody who has come into being meanwhile is merged with them. Twice is the same as once.
void applyAgain(const GalleryChange& change, cv::drgan::Gallery& gallery);

}  // namespace drgan

#endif
