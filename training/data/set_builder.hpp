// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <vector>

#include "labels.hpp"
#include "prepare.hpp"

namespace drgan::data {

/// What a finished set holds.
struct SetSummary {
    size_t real = 0;
    size_t turned = 0;
    size_t persons = 0;
};

/// Puts prepared pictures together into a face set (io/face_set.hpp) and writes it atomically.
/// @param labels the pictures' rows
/// @param prepared one per label, in its order; those without faces are left out. Emptied as it goes, to save memory.
/// @throws std::runtime_error if nothing is left or the file cannot be written.
SetSummary writeFaceSet(const std::string& path, const Options& options, const std::vector<Label>& labels,
                        std::vector<Prepared>& prepared);

}  // namespace drgan::data
