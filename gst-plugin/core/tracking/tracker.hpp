// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_TRACKER_HPP
#define DRGAN_CORE_TRACKER_HPP

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "frame/face.hpp"

namespace drgan {

using Time = std::int64_t;  ///< nanoseconds
constexpr Time millisecond = 1000000;

/// One face through time.
struct Track {
    int id = 0;
    Face face;             ///< as last seen; box and points are moved along between sightings
    cv::Point2f velocity;  ///< of the box's centre, pixels a second
    Time firstSeen = 0;
    Time lastSeen = 0;
    int hits = 0;            ///< sightings
    int misses = 0;          ///< looks in a row that did not find it
    bool confirmed = false;  ///< believed to be a face
    bool hidden = false;     ///< not found for a while: kept only to be recognised again
    bool fresh = false;      ///< seen in this very frame: its points can be trusted
    /// Seen in this very frame, but not where it was to be, or after a while in which it was not seen: place and time
    /// alone do not say that it is the same face.
    bool interrupted = false;
    std::optional<Key> key;  ///< by which upstream knows it
};

/// Keeps ids of faces over frames by upstream's keys and by overlap, with constant velocity between sightings. Knows
/// nothing of what faces look like. All ids are its own: a key only says which track a face belongs to, as long as that
/// track lives and no two faces of a frame claim the key.
class Tracker {
public:
    struct Options {
        Time timeout = 1000 * millisecond;  ///< a track that is not seen for this long ends
        Time coast = 500 * millisecond;     ///< a visible track stays so, and moves on, for this long unseen, and
        int patience = 3;                   ///< for this many looks in a row that fail
        int maxTracks = 16;                 ///< visible tracks; further faces are ignored
    };

    Options options;

    /// Moves all tracks to `now`. Call once a frame, before update(). Time may stand still or jump back.
    void predict(Time now);

    /// Takes the result of a look at the frame.
    /// @param faces no two on the same face
    /// @param sureScore a new face with this score is confirmed at once, others when seen again
    void update(const std::vector<Face>& faces, float sureScore);

    /// Hands over the tracks that have ended since the last call.
    std::vector<Track> takeEnded();

    /// Makes the hidden track `old` go on as what `fresh` has become: the hidden one's id lives on, the other is gone.
    void adopt(int fresh, int old);

    /// Two tracks that have each gone on as the other's face get their faces back.
    void exchange(int one, int other);

    /// The face that the track is seen on is another person's: it gets a track of its own, which takes key and place
    /// over and is seen since `since`; the old one is hidden.
    /// @return the new track's id; -1: there is no such track
    int part(int id, Time since);

    /// Ends a track that was never confirmed or has to go; it appears in takeEnded().
    void end(int id);
    void endAll();

    std::vector<Track>& tracks() { return tracks_; }
    const std::vector<Track>& tracks() const { return tracks_; }
    Track* find(int id);

    /// Some track was missed on the last looks, or seen just once, and may be found on the next.
    bool searching() const;

private:
    void match(Track& t, const Face& face);
    void matchKnown(const std::vector<Face>& faces, std::vector<bool>& taken, std::vector<bool>& seen);
    void matchPlaces(const std::vector<Face>& faces, std::vector<bool>& taken, std::vector<bool>& seen);
    int newId();

    std::vector<Track> tracks_;
    std::vector<Track> ended_;
    Time now_ = 0;
    bool started_ = false;
    int lastId_ = 0;
};

}  // namespace drgan

#endif
