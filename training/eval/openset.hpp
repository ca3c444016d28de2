// SPDX-License-Identifier: Apache-2.0
//
// Open-set identification: who is known gets the right name, who is not gets none. Galleries of people drawn at random,
// searched for other pictures of them (mated) and for strangers (non-mated).

#pragma once

#include <nlohmann/json.hpp>
#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "faces.hpp"
#include "protocol.hpp"
#include "strangers.hpp"

namespace drgan::eval {

/// Galleries of one size. Shares are in [0, 1]. TPIR: of the pictures of people in the gallery, how many are given the
/// right name. FPIR: of the strangers, how many are given any.
struct OpenSet {
    struct Probes {
        size_t searches = 0;     ///< of people in the galleries
        double atFpir10 = 0;     ///< TPIR at the threshold at which a tenth of the strangers are given a name
        double atFpir1 = 0;      ///< the same for a hundredth
        double byRule = 0;       ///< TPIR by Gallery::identify
        double wrongByRule = 0;  ///< of the same, how many get another one's name
    };
    int people = 0;
    int draws = 0;
    double images = 0;  ///< enrolled of a person, mean
    size_t strangerSearches = 0;
    double fpirByRule = 0;  ///< by Gallery::identify
    double threshold = 0;   ///< its threshold, mean over the strangers' searches
    Probes frontal;         ///< |yaw| < 30 degrees
    Probes profile;         ///< |yaw| > 60
};

/// For galleries of 10, 100 and 1000 people, as far as there are so many. Who has two pictures and more is enrolled
/// first, with two (frontal ones where there are any; one, where there are but two), and searched for by all others;
/// where those are too few, people with a single picture fill the gallery. Draws are made from a fixed seed.
/// @param strangers who is searched for in vain; empty: those of the persons who are not in the gallery
/// @param rule by which the rule's numbers are found; without thresholds it has one for all sizes
std::vector<OpenSet> identifyOpenSet(const Persons& persons, const Encodings& encodings, const Strangers& strangers,
                                     const cv::drgan::NamingRule& rule);

std::string table(const std::vector<OpenSet>& rows);
nlohmann::json report(const std::vector<OpenSet>& rows);

}  // namespace drgan::eval
