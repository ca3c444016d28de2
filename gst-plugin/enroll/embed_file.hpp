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

/// What embedFile() uses.
struct Embedders {
    enrolment::StillFaces& stills;
    FaceElement& element;
    enrolment::Match match;
    double threshold;                         ///< minimum cosine of two tracks of one person
    GstClockTime patience = 20 * GST_SECOND;  ///< see Media
};

struct FileResult {
    enrolment::Seen seen;
    std::string reason;  ///< why there is no embedding, or what was done to the picture; may be empty
};

/// Embeds the face of the person that a file shows. enrolment::StillFaces chooses the face and the orientation of a
/// still picture, chooseTracks() the tracks of a video. The embedding is what drganfrontalize computes when it plays
/// the file. Does not throw because of the file.
FileResult embedFile(const enrolment::Source& source, const Embedders& embedders);

}  // namespace drgan::enroll

#endif
