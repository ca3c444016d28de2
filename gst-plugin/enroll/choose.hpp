// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLL_CHOOSE_HPP
#define DRGAN_ENROLL_CHOOSE_HPP

#include <functional>
#include <string>
#include <vector>

#include "face_element.hpp"

namespace drgan::enroll {

/// Cosine of two embeddings, 1xNf CV_32F.
using Match = std::function<double(const cv::Mat& a, const cv::Mat& b)>;

struct Choice {
    std::vector<Track> tracks;  ///< of the person; empty: nobody can be enrolled from it
    std::string reason;         ///< why none; with tracks: what was left aside, empty: nothing
};

/// Whose picture it is: the one face in it, or one that is at least twice as large as every other.
Choice choosePicture(std::vector<Track> faces);

/// Whose video it is: the track with the largest total confidence and those that are like it. Another person's must
/// not come to more than half of it.
/// @param threshold cosine from which on two tracks are one person
Choice chooseVideo(std::vector<Track> tracks, const Match& match, double threshold);

}  // namespace drgan::enroll

#endif
