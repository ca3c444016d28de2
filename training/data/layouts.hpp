// SPDX-License-Identifier: Apache-2.0
//
// Folders of whole pictures as the list that labels.csv would be: a folder per person, and CFP's own layout.

#pragma once

#include <string>
#include <utility>
#include <vector>

#include "labels.hpp"

namespace drgan::data {

/// FOLDER/PERSON/.../PICTURE. Rows are sorted by person and path; their `line` counts from 1. What is wrong with a
/// folder or a file goes to `dropped`, with line 0. Hidden files, other suffixes and links to folders inside a person's
/// folder are passed over.
/// @param devShare of the people goes to the dev split; which ones depends only on their names
/// @throws std::runtime_error if the folder cannot be read or holds no folder
Labels readPeople(const std::string& folder, double devShare);

/// First and last number of a range, both included.
using NumberRange = std::pair<int, int>;

/// "351-400" or "7". @throws std::runtime_error for another text.
NumberRange parseRange(const std::string& text);

/// Celebrities in Frontal-Profile: Data/Images/NNN/{frontal,profile}/NN.jpg with fiducials beside them
/// (Data/Fiducials/NNN/{frontal,profile}/NN.txt), from which the landmarks come. People are called cfpNNN.
/// @param dev people of the dev split
/// @param needFiducials a picture without usable fiducials is left out; else it stays, without landmarks
/// @throws std::runtime_error naming the part of the layout that is missing
Labels readCfp(const std::string& folder, const std::vector<NumberRange>& dev, bool needFiducials);

/// CFP's 30 hand-made fiducials of one side of a face, as five landmarks.
struct Fiducials {
    Landmarks landmarks;  ///< those of the other side are estimates
    bool rightSide;       ///< the side that was marked: the subject's right, which has landmarks 0 and 3, not 1 and 4
};

/// @throws std::runtime_error naming the file and what is wrong with it
Fiducials readFiducials(const std::string& path, bool profile);

}  // namespace drgan::data
