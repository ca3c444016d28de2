// SPDX-License-Identifier: Apache-2.0
//
// How many pairs of one person are accepted at the cosines that shares of all strangers reach.

#pragma once

#include <nlohmann/json.hpp>
#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "faces.hpp"
#include "protocol.hpp"

namespace drgan::eval {

struct AtRates {
    /// One kind of pairs of one person.
    struct Pairs {
        std::string name;
        std::string key;  ///< in the report
        size_t pairs = 0;
        std::vector<double> tar;  ///< at each cosine; empty if there are no pairs
    };
    cv::drgan::Thresholds at;
    /// All frontal-frontal and all frontal-profile pairs, and templates of 2, 4 and 8 mixed pictures a side (see
    /// template_draws.hpp), weighed by confidence. Templates of more pictures than half of the people have for both
    /// sides make no pairs.
    std::vector<Pairs> kinds;
};

/// @param encodings of the faces only, without mirror images, as the strangers are measured
AtRates acceptedAtRates(const Persons& persons, const Encodings& encodings, const cv::drgan::Thresholds& thresholds);

std::string table(const AtRates& measured);
nlohmann::json report(const AtRates& measured);

}  // namespace drgan::eval
