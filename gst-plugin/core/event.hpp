// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_EVENT_HPP
#define DRGAN_CORE_EVENT_HPP

#include <cstdint>

#include "identity/identity.hpp"

namespace drgan {

/// What happened to a track.
struct Event {
    enum class Kind { created, updated, lost };
    Kind kind;
    TrackInfo track;
};

/// "track-new", "track-updated" or "track-lost".
inline const char* eventName(Event::Kind kind) {
    return kind == Event::Kind::created ? "track-new" : kind == Event::Kind::updated ? "track-updated" : "track-lost";
}

/// The times of an event's frame, nanoseconds: those that facedetect's messages carry.
struct FrameTimes {
    static constexpr std::uint64_t unknown = UINT64_MAX;
    std::uint64_t timestamp = unknown;
    std::uint64_t streamTime = unknown;
    std::uint64_t runningTime = unknown;
    std::uint64_t duration = unknown;
};

}  // namespace drgan

#endif
