// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLMENT_ADD_PEOPLE_HPP
#define DRGAN_ENROLMENT_ADD_PEOPLE_HPP

#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "fitting.hpp"

namespace drgan::enrolment {

/// The embedding of a person from one file.
struct Seen {
    std::string name;
    std::string file;
    Piece piece;               ///< empty embedding: no face found
    int images = 0;            ///< number of pictures in it
    std::string picture = {};  ///< its label in the gallery; empty: the file's name
};

struct AddOptions {
    bool keepUnlike = false;   ///< add all files, also those that do not fit
    bool keepPictures = true;  ///< store single pictures, so that they can be removed later (Gallery::addPicture)
};

struct Verdict {
    bool taken = false;
    std::string reason;   ///< why it was not added
    double likeness = 1;  ///< cosine to the person's other files and pictures in the gallery; 1: there are none
    bool unlike = false;  ///< it does not fit the person
};

/// Adds the files that fit to the people of a gallery. A file that is unlike the person's other files, or the person's
/// pictures in the gallery, is left out; if no more than half of a person's files are similar, all of them are (see
/// fitting()). A file that is in the gallery already, with the same embedding, is not added again; another one of the
/// same name gets a number.
/// @param threshold minimum cosine of two embeddings of one person
/// @return a verdict for each file; empty for files without an embedding
std::vector<Verdict> addPeople(const std::vector<Seen>& seen, cv::drgan::Gallery& gallery, const Match& match,
                               double threshold, const AddOptions& options);

}  // namespace drgan::enrolment

#endif
