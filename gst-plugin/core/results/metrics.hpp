// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_METRICS_HPP
#define DRGAN_CORE_METRICS_HPP

#include <cstdint>
#include <optional>
#include <string>

#include "results/statistics.hpp"

namespace drgan {

/// What a stream has counted, for Prometheus.
struct Metrics {
    /// Messages to a broker.
    struct Delivery {
        std::uint64_t sent = 0;
        std::uint64_t queued = 0;
        std::uint64_t dropped = 0;
        bool connected = false;
    };
    std::string source;  ///< the label of every sample
    std::string bundle;  ///< id
    Statistics::Snapshot statistics;
    std::uint64_t messages = 0;        ///< posted
    std::optional<Delivery> delivery;  ///< empty: no broker is set
};

/// The metrics in Prometheus' text format, version 0.0.4: counters, gauges and a summary of seconds for each stage.
std::string toPrometheus(const Metrics& metrics);

}  // namespace drgan

#endif
