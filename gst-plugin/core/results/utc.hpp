// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_UTC_HPP
#define DRGAN_CORE_UTC_HPP

#include <cstdint>
#include <string>

namespace drgan {

/// A time as RFC 3339 writes it, with milliseconds: "2026-11-30T09:03:03.120Z".
/// @param utc nanoseconds since 1970
std::string utcText(std::uint64_t utc);

}  // namespace drgan

#endif
