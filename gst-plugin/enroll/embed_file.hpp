// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLL_EMBED_FILE_HPP
#define DRGAN_ENROLL_EMBED_FILE_HPP

#include <gst/gst.h>

#include <string>

#include "add_people.hpp"
#include "face_element.hpp"
#include "people_files.hpp"
#include "still_faces.hpp"

namespace drgan::enroll {

/// What is needed to look at files.
struct Embedders {
    enrolment::StillFaces& stills;
    FaceElement& element;
    enrolment::Match match;
    double threshold;                         ///< cosine from which on two tracks of a video are one person
    GstClockTime patience = 20 * GST_SECOND;  ///< as Media has it
};

struct FileResult {
    enrolment::Seen seen;
    std::string reason;  ///< why there is nothing in it; else what was done without being asked, or empty
};

/// Looks for the face of the person whose file it is. Of a still picture enrolment::StillFaces decides whose face that
/// is and which way is up, of a video chooseVideo(); the embedding is what drganfrontalize gives when it plays the
/// file. Never throws because of the file.
FileResult embedFile(const enrolment::Source& source, const Embedders& embedders);

}  // namespace drgan::enroll

#endif
