// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TESTS_SOAK_CHECKS_HPP
#define DRGAN_TESTS_SOAK_CHECKS_HPP

#include <string>
#include <vector>

namespace drgan_soak {

/// What the process holds at one moment.
struct Holding {
    double seconds = 0;      ///< since the start
    double resident = 0;     ///< MiB
    double heap = 0;         ///< MiB that are allocated
    size_t descriptors = 0;  ///< open files
    size_t threads = 0;
};

/// @param seconds goes into the result as it is
Holding holdingNow(double seconds);

/// What grew from the first third after the warm-up to the last: memory by their medians, descriptors and threads by
/// their least. Empty: nothing.
/// @param samples six or more after the warm-up
/// @param warmUp seconds
std::vector<std::string> growth(const std::vector<Holding>& samples, double warmUp);

struct Lines {
    size_t count = 0;
    size_t tracks = 0;
    std::vector<std::string> wrong;  ///< the first few things
};

/// Reads the lines of JSON, each of which must be whole, and follows each track: "track-new" once and first,
/// "track-lost" once and last.
Lines readLines(const std::string& file);

}  // namespace drgan_soak

#endif
