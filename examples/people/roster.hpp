// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_EXAMPLES_PEOPLE_ROSTER_HPP
#define DRGAN_EXAMPLES_PEOPLE_ROSTER_HPP

#include <cstdint>
#include <string>
#include <vector>

namespace drgan::people {

/// A track, as the page shows it. Times are milliseconds since 1970.
struct Track {
    unsigned id = 0;
    std::string name;        ///< of the gallery's person; empty: none
    double similarity = 0;   ///< cosine to that person; 0: not known
    std::string visitor;     ///< the message's field of this name
    double confidence = 0;   ///< of `face`
    unsigned images = 0;     ///< pictures fused
    std::string face;        ///< the aligned picture of the highest confidence, PNG; empty: none yet
    std::string frontal;     ///< the newest frontal view, PNG; empty: none
    unsigned pictures = 0;   ///< version of the two: another number when one of them is another
    std::int64_t first = 0;  ///< when the track began
    std::int64_t last = 0;   ///< of its newest message
};

/// Who is in the picture, and who was there.
class Roster {
public:
    /// @param longest number of tracks that have ended and are kept; older ones are dropped
    explicit Roster(size_t longest = 500) : longest_(longest) {}

    /// Takes a message of the element.
    /// @param event "track-new", "track-updated" or "track-lost"; others are ignored
    /// @param seen its fields; `face` is the newest picture, of the confidence `confidence`; `first` and `last` are not
    /// used
    /// @param now milliseconds since 1970
    void take(const std::string& event, const Track& seen, std::int64_t now);

    /// Deletes what is known of a track. Later messages about it are ignored. @return whether there was such a track
    bool forget(unsigned id);

    /// Names a track that has ended. @return whether there is such a track
    bool name(unsigned id, const std::string& name);

    /// Gives the tracks that have ended under one name another one. @param to empty: no name
    void rename(const std::string& name, const std::string& to);

    /// Drops the tracks that ended before this time.
    void dropBefore(std::int64_t time);

    const std::vector<Track>& present() const { return present_; }  ///< in the order in which they came
    const std::vector<Track>& past() const { return past_; }        ///< the newest first

    /// @return null: there is no such track
    const Track* find(unsigned id) const;
    bool isPresent(unsigned id) const;

private:
    size_t longest_;
    std::vector<Track> present_;
    std::vector<Track> past_;
};

}  // namespace drgan::people

#endif
