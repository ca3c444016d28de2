// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_OCCLUSIONS_HPP
#define DRGAN_CORE_OCCLUSIONS_HPP

#include <optional>
#include <utility>
#include <vector>

#include "tracker.hpp"

namespace drgan {

/// Remembers which tracks overlapped so much that each may have continued on the other's face.
class Occlusions {
public:
    using Pair = std::pair<int, int>;  ///< of track ids

    /// Call once a frame, after the tracker's update().
    void update(const std::vector<Track>& tracks);

    /// Returns the pairs whose faces are to be compared with their identities now: once when both are visible again and
    /// no longer overlap, and every `interval` while one of them is hidden, as the other may be on either face. The
    /// visible tracks of a pair were seen in this frame.
    std::vector<Pair> takeResolvable(const std::vector<Track>& tracks, Time now, Time interval);

    /// Whether the track may be on another one's face, and the two were not compared at `now`.
    bool isUnresolved(int id, Time now) const;

private:
    struct Occlusion {
        Pair ids;
        bool touching;
        std::optional<Time> checked;
    };
    std::vector<Occlusion> occlusions_;
};

/// Similarity of the faces that tracks `a` and `b` show now to their fused embeddings; none where a track is hidden or
/// has nothing fused.
struct PairSimilarity {
    std::optional<double> aToA, aToB;  ///< a's face to the fused embedding of a, of b; cosine
    std::optional<double> bToA, bToB;  ///< b's face
};

/// Whether the two tracks have swapped their faces.
/// @param threshold minimum cosine of two embeddings of one person
bool isIdSwitch(const PairSimilarity& similarity, double threshold);

}  // namespace drgan

#endif
