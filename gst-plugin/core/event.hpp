// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_EVENT_HPP
#define DRGAN_CORE_EVENT_HPP

#include <cstdint>
#include <string>

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

/// Version of the messages' fields: raised when a field changes its meaning or is removed (docs/messages.schema.json).
constexpr int messageSchema = 1;

/// Where an event comes from.
struct Origin {
    std::string source;  ///< of the stream, for example a camera's name
    std::string bundle;  ///< id of the bundle, that is, of the embedding space
};

/// The times of an event's frame, nanoseconds. The first four are those that facedetect's messages carry.
struct FrameTimes {
    static constexpr std::uint64_t unknown = UINT64_MAX;
    std::uint64_t timestamp = unknown;
    std::uint64_t streamTime = unknown;
    std::uint64_t runningTime = unknown;
    std::uint64_t duration = unknown;
    std::uint64_t utc = unknown;  ///< since 1970
};

}  // namespace drgan

#endif
