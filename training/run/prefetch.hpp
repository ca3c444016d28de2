// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>

namespace drgan::train {

/// Draws the batches of the next steps in advance, each in a thread.
template <typename Batch>
class Prefetch {
public:
    /// @param draw the batch of a step; called from several threads at once
    /// @param threads batches drawn in advance
    Prefetch(std::function<Batch(int64_t)> draw, int64_t firstStep, int threads)
        : draw_(std::move(draw)), step_(firstStep) {
        while (waiting_.size() < static_cast<size_t>(std::max(1, threads))) {
            start();
        }
    }

    Batch next() {
        Batch batch = waiting_.front().get();
        waiting_.pop_front();
        start();
        return batch;
    }

private:
    void start() { waiting_.push_back(std::async(std::launch::async, draw_, step_++)); }

    std::function<Batch(int64_t)> draw_;
    int64_t step_;
    std::deque<std::future<Batch>> waiting_;
};

}  // namespace drgan::train
