// SPDX-License-Identifier: Apache-2.0
//
// What the protocols do not ask: each study takes the people of the evaluated folds, with all their pictures. The study
// of several pictures at a time is in fusion.hpp.

#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "faces.hpp"
#include "metrics/metrics.hpp"
#include "protocol.hpp"

namespace drgan::eval {

/// Scores of every frontal against every profile: a finer measure than the protocol's few pairs.
PairScores allFrontalProfile(const Persons& persons, const Embeddings& embeddings);

/// Measures of the pairs whose yaws differ by this much.
struct YawDifference {
    double from = 0, to = 0;  ///< degrees
    size_t same = 0;          ///< pairs of one person
    size_t different = 0;
    double accuracy = 0;  ///< mean of the shares of both kinds that the threshold judges rightly
    double eer = 0;
};

/// All pairs of pictures by the difference of their yaws, in steps of 30 degrees; steps that lack one kind of pair are
/// left out. @param threshold NaN: each step's best
std::vector<YawDifference> byYawDifference(const Persons& persons, const Faces& faces, const Embeddings& embeddings,
                                           double threshold);

/// Mean confidence of the pictures with this |yaw|, as they are and made worse (see faces.hpp).
struct Confidence {
    double from = 0, to = 0;  ///< degrees
    size_t pictures = 0;
    double mean = 0;
    double deviation = 0;  ///< of the pictures as they are
    double blurred = 0;
    double small = 0;
};
/// Pictures whose yaw is not known do not count; steps without pictures are left out.
std::vector<Confidence> byYaw(const Faces& faces, const Encoded& encoded);

/// Draws every profile's frontal view by a bundle and embeds it with a recogniser.
/// @return the recogniser's embeddings of the pictures; those of the profiles are of their frontal views
Embeddings frontalized(const Persons& persons, const Encodings& encodings, const cv::drgan::Bundle& bundle,
                       Embedder& recognizer, const Embeddings& raw, bool mirror);

std::string table(const std::vector<YawDifference>& rows);
std::string table(const std::vector<Confidence>& rows);
nlohmann::json report(const std::vector<YawDifference>& rows);
nlohmann::json report(const std::vector<Confidence>& rows);

}  // namespace drgan::eval
