// SPDX-License-Identifier: Apache-2.0
//
// How much several pictures of a person are worth, and whether weighing them by confidence helps.

#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "faces.hpp"
#include "metrics/metrics.hpp"
#include "protocol.hpp"
#include "template_draws.hpp"

namespace drgan::eval {

/// Verification of templates of n pictures a side, frontal and profile mixed evenly, by three ways to make a template.
struct Fusion {
    struct Measures {
        double eer = 0;
        double accuracy = 0;  ///< at the best threshold, both kinds of pairs counted alike (see bestBalanced)
        double tar = 0;       ///< at a FAR of 0.1 %
    };
    int n = 0;
    size_t people = 0;
    Measures confidence;  ///< sum(w f) / sum(w)
    Measures mean;        ///< the plain mean
    Measures best;        ///< the single picture of the highest confidence
};

/// Both sides of a pair share no picture, so n goes up to half of a person's pictures. A row is of the people whose
/// pictures reach its n; the rows end at n = 8 or where fewer than half of the people are left.
/// @param qualities encodings of the pictures; of several, each picture of each draw has a random one, from a fixed
/// seed
/// @param draws random templates per person and side, from a fixed seed
std::vector<Fusion> byImagesFused(const Persons& persons, const std::vector<const Encodings*>& qualities,
                                  int draws = usualDraws);

std::string table(const std::vector<Fusion>& rows);
nlohmann::json report(const std::vector<Fusion>& rows);

}  // namespace drgan::eval
