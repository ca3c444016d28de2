// SPDX-License-Identifier: Apache-2.0
//
// What is asked of an embedding, whatever data set asks it. A picture goes by name: its path, or a face set's row.

#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace drgan::eval {

struct Pair {
    std::string first;
    std::string second;
    bool same = false;  ///< one person
};

/// Pairs of people that no other fold holds.
struct Fold {
    int number = 0;  ///< from 1
    std::vector<Pair> pairs;
};

/// By name: FF compares frontal with frontal pictures, FP frontal with profile ones.
using Protocols = std::map<std::string, std::vector<Fold>>;

/// A person's pictures.
struct Person {
    std::vector<std::string> frontal;
    std::vector<std::string> profile;
    std::vector<std::string> between;  ///< neither; CFP has none
    std::string name = {};             ///< in the data set
};
using Persons = std::vector<Person>;

inline size_t pictures(const Person& person) {
    return person.frontal.size() + person.profile.size() + person.between.size();
}

}  // namespace drgan::eval
