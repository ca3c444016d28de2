// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLMENT_ADD_PEOPLE_HPP
#define DRGAN_ENROLMENT_ADD_PEOPLE_HPP

#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "fitting.hpp"

namespace drgan::enrolment {

/// What a file says of a person.
struct Seen {
    std::string name;
    std::string file;
    Piece piece;               ///< empty embedding: nothing
    int images = 0;            ///< pictures in it
    std::string picture = {};  ///< what the gallery calls it; empty: the file's name
};

struct AddOptions {
    bool keepUnlike = false;   ///< take all, and say which do not fit
    bool keepPictures = true;  ///< so that single ones can be taken out again (Gallery::addPicture)
};

struct Verdict {
    bool taken = false;
    std::string reason;   ///< why not
    double likeness = 1;  ///< cosine to the person's other files and what the gallery knows; 1: there is neither
    bool unlike = false;  ///< it does not fit the person
};

/// What to call another picture of a person: the label, with a number where there is one of that name.
std::string freeLabel(const cv::drgan::Gallery& gallery, const std::string& name, const std::string& label);

/// Adds what fits to the people of a gallery: a file that is unlike the person's others, or what the gallery knows, is
/// left out, and where no more than half of a person's files are alike, all of them (see fitting()).
/// @param threshold cosine from which on two embeddings are one person
/// A file that the gallery has already, to the bit, is not added again; of another one of the same name the name gets a
/// number.
/// @return a verdict for each file; of those with nothing in them an empty one
std::vector<Verdict> addPeople(const std::vector<Seen>& seen, cv::drgan::Gallery& gallery, const Match& match,
                               double threshold, const AddOptions& options);

}  // namespace drgan::enrolment

#endif
