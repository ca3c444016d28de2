// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLL_CHOOSE_HPP
#define DRGAN_ENROLL_CHOOSE_HPP

#include <string>
#include <vector>

#include "face_element.hpp"
#include "fitting.hpp"

namespace drgan::enroll {

struct Choice {
    std::vector<Track> tracks;  ///< of the person; empty: the video cannot be used
    std::string reason;         ///< why there are no tracks, or which tracks were ignored; may be empty
};

/// Chooses the tracks of the person that a video shows: the track with the largest total confidence, and those similar
/// to it, as a face that is hidden for a while may get several tracks. A video of several people is rejected: the total
/// confidence of the other tracks may be a fifth of the person's at most, as of somebody who passes by.
/// @param threshold minimum cosine of two tracks of one person
Choice chooseTracks(std::vector<Track> tracks, const enrolment::Match& match, double threshold);

}  // namespace drgan::enroll

#endif
