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
    Face face;             ///< as last seen; box and points are predicted while it is not seen
    cv::Point2f velocity;  ///< of the box's centre, pixels a second
    Time firstSeen = 0;
    Time lastSeen = 0;
    int hits = 0;            ///< number of updates that saw it
    int misses = 0;          ///< number of updates in a row that did not
    bool confirmed = false;  ///< believed to be a face
    bool hidden = false;     ///< not seen for a while: kept only to be recognised again
    bool fresh = false;      ///< seen in this frame: its points can be trusted
    /// Seen in this frame, but not where it was predicted, or after a while in which it was not seen: place and time do
    /// not prove that it is the same face.
    bool interrupted = false;
    std::optional<Key> key;  ///< upstream's id of it
};

/// Assigns the faces of each frame to tracks, by upstream's keys and by overlap with positions predicted at constant
/// velocity. Does not compare what faces look like. Track ids are the tracker's own: a key only says which track a face
/// belongs to, while that track exists and only one face of a frame has the key.
class Tracker {
public:
    struct Options {
        Time timeout = 1000 * millisecond;  ///< a track that is not seen for this time ends
        Time coast = 500 * millisecond;     ///< a track that is not seen stays visible, and is moved, for this time,
        int patience = 3;                   ///< and for this number of updates
        int maxTracks = 16;                 ///< maximum number of visible tracks; further faces are ignored
    };

    Options options;

    /// Predicts all tracks at `now`. Call once per frame, before update(). Time may stand still or jump back.
    void predict(Time now);

    /// Updates the tracks with the faces of a frame.
    /// @param faces no two of the same face
    /// @param sureScore a new face with at least this score is confirmed at once, others when they are seen again with a
    /// score of at least 0.5
    void update(const std::vector<Face>& faces, float sureScore);

    /// Returns the tracks that have ended since the last call.
    std::vector<Track> takeEnded();

    /// The track `fresh` continues under the id of the hidden track `old`, which it replaces.
    void continueAs(int fresh, int old);

    /// Corrects an identity switch: the two tracks exchange their faces.
    void swapIds(int one, int other);

    /// The face of the track is another person's: it gets a new track, first seen at `since`, with the old one's key
    /// and place. The old track is hidden.
    /// @return the new track's id; -1: there is no such track
    int split(int id, Time since);

    /// Ends a track; takeEnded() returns it.
    void end(int id);
    void endAll();

    std::vector<Track>& tracks() { return tracks_; }
    const std::vector<Track>& tracks() const { return tracks_; }
    Track* find(int id);

    /// Whether the next detection may find a track that was missed by the last ones, or confirm one seen only once.
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
