// SPDX-License-Identifier: Apache-2.0
//
// How alike strangers of one gender, race or age are: most strangers that people are taken for are of their own group.

#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <opencv2/drgan.hpp>
#include <optional>
#include <string>
#include <vector>

#include "person_labels.hpp"
#include "strangers.hpp"

namespace drgan::eval {

/// Pairs of two people of one group.
struct StrangerGroup {
    std::string name;
    size_t people = 0;
    uint64_t pairs = 0;
    std::vector<uint64_t> matches;  ///< pairs at or above each of the cosines

    /// The false-match rate at the cosine of this index.
    double rate(size_t at) const { return static_cast<double>(matches[at]) / static_cast<double>(pairs); }
};

struct StrangerGroups {
    /// The groups by one trait of both people.
    struct Kind {
        std::string name;  ///< gender, race, race and gender, age
        std::vector<StrangerGroup> groups;
        StrangerGroup mean;  ///< all their pairs
    };
    cv::drgan::Thresholds at;  ///< those whose rate is at most mostRate
    StrangerGroup all;         ///< all strangers, with labels or without
    std::vector<Kind> kinds;   ///< those that have pairs
    size_t unlabelled = 0;     ///< people of whom no label is known

    /// Whether a group has so many pairs that leastExpected of them match if its rate is that of all pairs.
    bool enough(const StrangerGroup& group, size_t index) const;

    struct Extremes {
        const StrangerGroup* worst;  ///< of the highest false-match rate
        const StrangerGroup* best;
    };
    /// Of the groups with enough pairs; absent if there are fewer than two.
    std::optional<Extremes> extremes(const Kind& kind, size_t index) const;
};
constexpr double mostRate = 0.01;  ///< more frequent false matches are no use to anybody
constexpr double leastExpected = 10;

/// Counts pairs at the cosines that were measured of all strangers.
/// @param labels by person
StrangerGroups groupStrangers(const Strangers& strangers, const std::vector<PersonLabels>& labels,
                              const cv::drgan::Thresholds& thresholds);

std::string table(const StrangerGroups& groups);
nlohmann::json report(const StrangerGroups& groups);

}  // namespace drgan::eval
