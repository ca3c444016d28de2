// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLMENT_GALLERY_PERSON_HPP
#define DRGAN_ENROLMENT_GALLERY_PERSON_HPP

#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

namespace drgan::enrolment {

/// What a gallery knows of a person, to be put into a gallery again.
struct GalleryPerson {
    struct Known {
        cv::Mat embedding;      ///< 1xNf CV_32F, fused
        double confidence = 0;  ///< sum over its pictures
        int images = 0;         ///< number of its pictures
    };
    struct Picture {
        std::string label;
        Known known;
    };
    Known fused;
    std::vector<Picture> pictures;  ///< all of them, or none where not all are stored
};

GalleryPerson personOf(const cv::drgan::Gallery& gallery, const std::string& name);

/// Adds the person's pictures to the person of this name, whom there need not be; where they are not stored, the fused
/// embedding.
void putPerson(const GalleryPerson& person, const std::string& name, cv::drgan::Gallery& to);

bool hasPicture(const cv::drgan::Gallery& gallery, const std::string& name, const std::string& label);

/// A free label for a picture of a person: the given one, with a number if the person has a picture of that name.
std::string freeLabel(const cv::drgan::Gallery& gallery, const std::string& name, const std::string& label);

}  // namespace drgan::enrolment

#endif
