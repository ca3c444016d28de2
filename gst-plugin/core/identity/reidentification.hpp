// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_REIDENTIFICATION_HPP
#define DRGAN_CORE_REIDENTIFICATION_HPP

#include <map>
#include <vector>

#include "identity.hpp"

namespace drgan {

/// Finds the hidden track of the person whom a new track shows: the most similar one that reaches `needed`. Its place
/// does not count: whoever sits down where somebody left is at the same place, too.
/// @param picture first picture of the new track
/// @param excluded id of a hidden track that it cannot be; < 0: none
/// @param needed minimum cosine
/// @return the hidden track's id; -1: none
int reidentify(const std::vector<Track>& tracks, const std::map<int, Identity>& identities, const Track& fresh,
               const Picture& picture, int excluded, double needed, const Similarity& similarity);

}  // namespace drgan

#endif
