// SPDX-License-Identifier: Apache-2.0
//
// Celebrities in Frontal-Profile (Sengupta et al., WACV 2016) in its own folder layout:
//   Data/Images/NNN/{frontal,profile}/NN.jpg           people 001.., 10 frontal and 4 profile pictures each
//   Protocol/Pair_list_{F,P}.txt                       "number path": frontal and profile pictures, numbered from 1
//   Protocol/Split/{FF,FP}/KK/{same,diff}.txt          "a,b" a line; FP: a is a frontal, b a profile

#pragma once

#include <string>
#include <vector>

#include "protocol.hpp"

namespace drgan::eval {

/// A copy of CFP, or of some of its folds.
class Cfp {
public:
    /// @throws std::runtime_error naming the folder or file that is missing or cannot be understood.
    explicit Cfp(const std::string& folder);

    /// Folds of the protocol ("FF" or "FP") whose pictures are all there, ascending.
    std::vector<int> availableFolds(const std::string& protocol) const;

    /// @throws std::runtime_error naming the file and line that is wrong, or the picture that is missing.
    Fold fold(const std::string& protocol, int number) const;

    /// The people whose pictures the pairs show, each once: those that share pictures' folder.
    static Persons persons(const std::vector<Fold>& folds);

private:
    std::string picture(bool profile, long number, const std::string& where) const;
    std::vector<std::string> readList(const std::string& name) const;
    void readPairs(const std::string& path, bool secondIsProfile, bool same, std::vector<Pair>& pairs) const;

    std::string folder_;
    std::vector<std::string> frontal_;  // paths by number - 1; empty: no list, numbers say it
    std::vector<std::string> profile_;
};

}  // namespace drgan::eval
