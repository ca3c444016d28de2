// SPDX-License-Identifier: Apache-2.0
#include "statistics.hpp"

#include <algorithm>

namespace drgan {
namespace {

double percentile(std::vector<double>& values, size_t percent) {
    const size_t rank = (values.size() * percent + 99) / 100;
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

}  // namespace

void Statistics::add(const FrameReport& report) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++sums_.frames;
    sums_.skipped += report.skipped ? 1 : 0;
    sums_.faces += static_cast<std::uint64_t>(report.faces);
    sums_.tracks += static_cast<std::uint64_t>(report.created);
    sums_.encodes += report.encoded.size();
    for (size_t i = 0; i < stageCount; ++i) {
        if (!report.times[i]) {
            continue;
        }
        Ring& ring = rings_[i];
        ++ring.count;
        ring.sum += *report.times[i];
        if (ring.values.size() < window) {
            ring.values.push_back(*report.times[i]);
        } else {
            ring.values[ring.next] = *report.times[i];
            ring.next = (ring.next + 1) % window;
        }
    }
}

Statistics::Snapshot Statistics::snapshot() const {
    std::unique_lock<std::mutex> lock(mutex_);
    Snapshot out = sums_;
    auto rings = rings_;
    lock.unlock();
    for (size_t i = 0; i < stageCount; ++i) {
        auto& values = rings[i].values;
        if (!values.empty()) {
            out.stages[i] = {percentile(values, 50), percentile(values, 99), rings[i].count, rings[i].sum};
        }
    }
    return out;
}

std::uint64_t Statistics::skipped() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return sums_.skipped;
}

void Statistics::reset() {
    const std::lock_guard<std::mutex> lock(mutex_);
    sums_ = {};
    rings_ = {};
}

}  // namespace drgan
