// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_CROSSINGS_HPP
#define DRGAN_CORE_CROSSINGS_HPP

#include <optional>
#include <utility>
#include <vector>

#include "tracker.hpp"

namespace drgan {

/// Remembers which tracks came so close that each may have gone on as the other's face.
class Crossings {
public:
    using Pair = std::pair<int, int>;  ///< of track ids

    /// Call once a frame, after the tracker's update().
    void update(const std::vector<Track>& tracks);

    /// The pairs that ask to be told apart by what their faces look like, each of whose visible tracks was seen in this
    /// very frame: once when both have parted again; every `interval` as long as one of them is hidden, for then the
    /// other may be on either face.
    std::vector<Pair> takeDue(const std::vector<Track>& tracks, Time now, Time interval);

    /// What is seen of the track may be another one's face, and was not told apart at this time.
    bool isOpen(int id, Time now) const;

private:
    struct Meeting {
        Pair ids;
        bool touching;
        std::optional<Time> checked;
    };
    std::vector<Meeting> meetings_;
};

/// How much the faces that tracks `a` and `b` show now are like what was fused before; none where a track is hidden or
/// has nothing fused.
struct Likeness {
    std::optional<double> aToA, aToB;  ///< a's face to what is fused of a, of b; cosine
    std::optional<double> bToA, bToB;  ///< b's face
};

/// Whether the two have changed places. @param threshold cosine at or above which two embeddings are one person
bool haveSwapped(const Likeness& likeness, double threshold);

}  // namespace drgan

#endif
