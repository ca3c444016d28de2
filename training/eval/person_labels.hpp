// SPDX-License-Identifier: Apache-2.0
//
// What a table says of people: age, gender, race.

#pragma once

#include <string>
#include <vector>

#include "protocol.hpp"

namespace drgan::eval {

/// As the table words them; empty: not known.
struct PersonLabels {
    std::string age;  ///< a bracket, such as 20-29
    std::string gender;
    std::string race;
};

/// Reads a CSV file with a column `person` and one or more of `age`, `gender` and `race`. It may name a person in
/// several lines, as a list of pictures does, as long as they do not contradict each other.
/// @return the labels of each of the persons, by their names
/// @throws std::runtime_error naming the file, the line and what is wrong there, or if it has a label of nobody
std::vector<PersonLabels> readPersonLabels(const std::string& path, const Persons& persons);

}  // namespace drgan::eval
