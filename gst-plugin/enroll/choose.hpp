// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLL_CHOOSE_HPP
#define DRGAN_ENROLL_CHOOSE_HPP

#include <string>
#include <vector>

#include "face_element.hpp"
#include "fitting.hpp"

namespace drgan::enroll {

struct Choice {
    std::vector<Track> tracks;  ///< of the person; empty: nobody can be enrolled from it
    std::string reason;         ///< why none; with tracks: what was left aside, empty: nothing
};

/// Whose video it is: the track with the largest total confidence and those that are like it, as a face that was hidden
/// for a while makes several. A video of several people is nobody's: all that is unlike may come to a fifth of the
/// person's total confidence at most, as somebody who passes by.
/// @param threshold cosine from which on two tracks are one person
Choice chooseVideo(std::vector<Track> tracks, const enrolment::Match& match, double threshold);

}  // namespace drgan::enroll

#endif
