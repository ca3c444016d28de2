// SPDX-License-Identifier: Apache-2.0
//
// What CFP's protocols do not ask: each study takes the people of the evaluated folds, with all their pictures.

#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cfp.hpp"
#include "faces.hpp"
#include "metrics.hpp"

namespace drgan::eval {

using Persons = std::vector<Cfp::Person>;

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

/// Verification of templates of n pictures a side, frontal and profile mixed evenly, by three ways to make a template.
struct Fusion {
    int n = 0;
    double confidence = 0;  ///< EER of sum(w f) / sum(w)
    double mean = 0;        ///< EER of the plain mean
    double best = 0;        ///< EER of the single picture of the highest confidence
};

/// Both sides of a pair share no picture, so n goes up to half of what every person has, at most 8.
/// @param draws random templates per person and side, from a fixed seed
std::vector<Fusion> byImagesFused(const Persons& persons, const Codes& codes, int draws = 20);

/// Mean confidence of the pictures with this |yaw|, as they are and blurred.
struct Confidence {
    double from = 0, to = 0;  ///< degrees
    size_t pictures = 0;
    double mean = 0;
    double blurred = 0;  ///< Gaussian blur, sigma 3 px of the original picture
};
std::vector<Confidence> byYaw(const Faces& faces, const Codes& codes, const Codes& blurred);

/// Draws every profile's frontal view by a bundle and embeds it with a recogniser.
/// @return the recogniser's embeddings of the pictures; those of the profiles are of their frontal views
Embeddings frontalized(const Persons& persons, const Codes& codes, const cv::drgan::Bundle& bundle,
                       Embedder& recognizer, const Embeddings& raw, bool mirror);

std::string table(const std::vector<YawDifference>& rows);
std::string table(const std::vector<Fusion>& rows);
std::string table(const std::vector<Confidence>& rows);
nlohmann::json report(const std::vector<YawDifference>& rows);
nlohmann::json report(const std::vector<Fusion>& rows);
nlohmann::json report(const std::vector<Confidence>& rows);

}  // namespace drgan::eval
