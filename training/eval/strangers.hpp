// SPDX-License-Identifier: Apache-2.0
//
// How alike strangers are: the cosines that shares of all pairs of two people reach. They are a bundle's thresholds by
// false-match rate.

#pragma once

#include <nlohmann/json.hpp>
#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "faces.hpp"

namespace drgan::eval {

/// People of whom each has some pictures; pairs of one person do not count.
struct Strangers {
    cv::Mat units;                ///< n x Nf CV_32F, rows of unit norm: the network's embeddings of the faces only
    cv::Mat embeddings;           ///< the same, not normalised
    std::vector<size_t> persons;  ///< n: whose each is
    size_t people = 0;
};

/// The pictures of these people, in order.
Strangers strangersOf(const Persons& persons, const Encodings& encodings);

/// What was measured of all pairs of two people.
struct FalseMatches {
    size_t people = 0;
    size_t pictures = 0;
    uint64_t pairs = 0;
    cv::drgan::Thresholds thresholds;
};

/// Leaves out people who are there under another name as well: of two of whom a picture each is at or above `cosine`
/// alike, the later one.
Strangers withoutSame(const Strangers& strangers, double cosine);

/// The cosines at false-match rates of 1e-1, 1e-2, 1e-3 and 1e-4, as far as leastPairs pairs reach one, in steps of
/// cosineStep. Below, what is thought to be two people is one too often, in any set.
/// @throws std::runtime_error if there are too few pairs for two rates
FalseMatches measureStrangers(const Strangers& strangers);
constexpr uint64_t leastPairs = 50;
constexpr double cosineStep = 5e-5;

std::string table(const FalseMatches& measured);
nlohmann::json report(const FalseMatches& measured);

/// Puts the thresholds into a bundle's manifest, where they replace those that are there; all else of it stays, but for
/// the layout of the text. Whole or not at all.
/// @throws std::runtime_error naming the file and why it cannot be read or written
void writeThresholds(const cv::drgan::Thresholds& thresholds, const std::string& bundle);

}  // namespace drgan::eval
