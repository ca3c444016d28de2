// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TEST_WAIT_FOR_HPP
#define DRGAN_TEST_WAIT_FOR_HPP

#include <chrono>
#include <functional>
#include <thread>

namespace drgan_test {

/// Waits until the condition holds, which another thread or process makes true. @return whether it did in time
inline bool waitFor(const std::function<bool()>& condition, double seconds = 30) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

}  // namespace drgan_test

#endif
