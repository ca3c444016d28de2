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

/// The embedding of one file.
struct Piece {
    cv::Mat embedding;      ///< 1xNf CV_32F; fused if the file has several pictures
    double confidence = 0;  ///< sum of the pictures' confidences
};

struct Fit {
    std::vector<bool> fits;        ///< for each piece; all false: it is not clear who the person is
    std::vector<double> likeness;  ///< cosine of each to the mean of the others that fit; 1: there are none
    size_t count = 0;              ///< number of pieces that fit
};

/// Decides which pieces show the same person. Starts with the piece that is similar to most others (cosine at or above
/// the threshold), and adds pieces that are similar to the mean, weighted by confidence, until no more are. Pieces that
/// are unlike the mean of the others in the end are removed again. More than half of the pieces must fit.
/// @param known the person's known embedding, 1xNf, and its total confidence; empty: none. If given, the pieces that
/// are similar to it fit, however many they are.
Fit fitting(const std::vector<Piece>& pieces, const Match& match, double threshold, const Piece& known = {});

/// Like fitting(), but starts with the piece of the largest confidence, whether or not others are similar to it.
Fit fittingStrongest(const std::vector<Piece>& pieces, const Match& match, double threshold);

}  // namespace drgan::enrolment

#endif
