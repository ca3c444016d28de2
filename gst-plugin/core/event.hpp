// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_EVENT_HPP
#define DRGAN_CORE_EVENT_HPP

#include "identity/identity.hpp"

namespace drgan {

/// News of a track.
struct Event {
    enum class Kind { created, updated, lost };
    Kind kind;
    TrackInfo track;
};

}  // namespace drgan

#endif
