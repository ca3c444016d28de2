// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_STATISTICS_HPP
#define DRGAN_CORE_STATISTICS_HPP

#include <cstdint>
#include <mutex>

#include "report.hpp"

namespace drgan {

/// Statistics of a stream's frames. Thread-safe.
class Statistics {
public:
    static constexpr size_t window = 1000;  ///< number of newest values of a stage in its Spread

    /// A stage's milliseconds: median and 99th percentile of the newest ones, number and sum of all.
    struct Spread {
        double median;
        double p99;
        std::uint64_t count;
        double sum;
    };
    struct Snapshot {
        std::uint64_t frames = 0;
        std::uint64_t skipped = 0;  ///< frames that were too late for inference
        std::uint64_t faces = 0;    ///< seen, summed over the frames
        std::uint64_t tracks = 0;   ///< announced
        std::uint64_t encodes = 0;
        std::array<std::optional<Spread>, stageCount> stages;  ///< empty: the stage has not run yet
    };

    void add(const FrameReport& report);
    Snapshot snapshot() const;
    std::uint64_t skipped() const;
    void reset();

private:
    struct Ring {
        std::vector<double> values;
        size_t next = 0;
        std::uint64_t count = 0;  // since the start, as the sum
        double sum = 0;
    };
    mutable std::mutex mutex_;
    Snapshot sums_;  // without stages
    std::array<Ring, stageCount> rings_;
};

}  // namespace drgan

#endif
