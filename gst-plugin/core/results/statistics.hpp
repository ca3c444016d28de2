// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_STATISTICS_HPP
#define DRGAN_CORE_STATISTICS_HPP

#include <cstdint>
#include <mutex>

#include "report.hpp"

namespace drgan {

/// Sums over a stream's frames. For any thread.
class Statistics {
public:
    static constexpr size_t window = 1000;  ///< newest values of a stage that its spread is taken over

    /// Of a stage's milliseconds: the smallest value that half, or 99 in 100, of the window's do not exceed.
    struct Spread {
        double median;
        double p99;
    };
    struct Snapshot {
        std::uint64_t frames = 0;
        std::uint64_t skipped = 0;  ///< frames without inference, because they were late
        std::uint64_t faces = 0;    ///< seen, summed over the frames
        std::uint64_t tracks = 0;   ///< told of
        std::uint64_t encodes = 0;
        std::array<std::optional<Spread>, stageCount> stages;  ///< empty: has not run yet
    };

    void add(const FrameReport& report);
    Snapshot snapshot() const;
    std::uint64_t skipped() const;
    void reset();

private:
    struct Ring {
        std::vector<double> values;
        size_t next = 0;
    };
    mutable std::mutex mutex_;
    Snapshot sums_;  // without stages
    std::array<Ring, stageCount> rings_;
};

}  // namespace drgan

#endif
