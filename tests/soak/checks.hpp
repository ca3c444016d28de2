// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TESTS_SOAK_CHECKS_HPP
#define DRGAN_TESTS_SOAK_CHECKS_HPP

#include <string>
#include <vector>

namespace drgan_soak {

/// The process's resources at one moment.
struct Holding {
    double seconds = 0;      ///< since the start
    double resident = 0;     ///< MiB
    double heap = 0;         ///< allocated MiB
    size_t descriptors = 0;  ///< open files
    size_t threads = 0;
};

/// @param seconds is copied to the result
Holding holdingNow(double seconds);

/// Compares the first third after the warm-up with the last: memory by the medians, descriptors and threads by the
/// minima.
/// @return what grew; empty: nothing
/// @param samples at least six after the warm-up
/// @param warmUp seconds
std::vector<std::string> growth(const std::vector<Holding>& samples, double warmUp);

struct Lines {
    size_t count = 0;
    size_t tracks = 0;
    std::vector<std::string> wrong;  ///< the first few errors
};

/// Reads the lines of JSON, each of which must be complete, and checks each track: "track-new" once and first,
/// "track-lost" once and last.
Lines readLines(const std::string& file);

}  // namespace drgan_soak

#endif
