// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLMENT_FITTING_HPP
#define DRGAN_ENROLMENT_FITTING_HPP

#include <functional>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace drgan::enrolment {

/// Cosine of two embeddings, 1xNf CV_32F.
using Match = std::function<double(const cv::Mat& a, const cv::Mat& b)>;

/// What a file adds to a person.
struct Piece {
    cv::Mat embedding;      ///< 1xNf CV_32F; of several pictures: fused
    double confidence = 0;  ///< sum of the pictures' confidences
};

struct Fit {
    std::vector<bool> fits;        ///< for each piece; all false: it is not clear whose they are
    std::vector<double> likeness;  ///< cosine of each to those of the others that fit; 1: there are none
    size_t count = 0;              ///< of those that fit
};

/// Which pieces are of one person. It begins with the piece that is like most others (cosine at or above the threshold)
/// and takes what is like the mean, weighted by confidence, of those that it has, until nothing more comes; who is
/// unlike the mean of the others in the end leaves again. More than half of the pieces must be among them.
/// @param known the person's embedding from before, 1xNf, and its total confidence; empty: nobody knows the person.
/// Else what fits is like it, be it few or many.
Fit fitting(const std::vector<Piece>& pieces, const Match& match, double threshold, const Piece& known = {});

/// The same from the piece with the largest confidence on, whether or not others are like it.
Fit fittingStrongest(const std::vector<Piece>& pieces, const Match& match, double threshold);

}  // namespace drgan::enrolment

#endif
