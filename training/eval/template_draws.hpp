// SPDX-License-Identifier: Apache-2.0
//
// Templates of several pictures of a person, drawn at random: what fusion is measured on.

#pragma once

#include <string>
#include <vector>

#include "faces.hpp"
#include "protocol.hpp"

namespace drgan::eval {

/// Two sides of pictures for each person, without a picture in common. Frontal and profile pictures are mixed evenly on
/// both.
struct Draw {
    using Side = std::vector<const Embedder::Encoding*>;  ///< in the quality that the draw gave each picture
    std::vector<Side> sides[2];                           ///< by person
};

constexpr int usualDraws = 20;

/// Always the same ones, from a fixed seed.
/// @param persons with two pictures each at least
/// @param qualities encodings of the pictures, which must outlive the draws; of several, each picture of each draw has
/// a random one
std::vector<Draw> makeDraws(const Persons& persons, const std::vector<const Encodings*>& qualities, int draws);

/// Who has n pictures for each side.
Persons reaching(const Persons& persons, size_t n);

/// Whether these are half of the people and two at least: of fewer, nothing is said.
/// @param persons with two pictures each at least
bool enoughReach(const Persons& persons, size_t n);

/// Confidence: sum(w f) / sum(w). Mean: the plain mean. Best: the single picture of the highest confidence.
enum class Way { Confidence, Mean, Best };

/// Rows of unit norm, CV_32F; row i of both is of one person.
struct TemplatePairs {
    cv::Mat left, right;
};

/// Of the first n pictures of each side, of the people whose sides both have so many.
TemplatePairs makeTemplates(const Draw& draw, size_t n, Way way);

}  // namespace drgan::eval
