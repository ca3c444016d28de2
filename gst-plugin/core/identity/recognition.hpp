// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_RECOGNITION_HPP
#define DRGAN_CORE_RECOGNITION_HPP

#include <map>
#include <vector>

#include "identity.hpp"

namespace drgan {

/// Whom of the hidden tracks a face that has just come is: the most alike of those that it is surely like. That it
/// comes back where one was lost proves nothing: so does whoever sits down next.
/// @param picture of the face's track, the first one
/// @param not id of a hidden track that it is known not to be; < 0: none
/// @param needed cosine from which on it is surely like one
/// @return the hidden track's id; -1: nobody's
int findAgain(const std::vector<Track>& tracks, const std::map<int, Identity>& identities, const Track& fresh,
              const Picture& picture, int notThis, double needed, const Similarity& similarity);

}  // namespace drgan

#endif
