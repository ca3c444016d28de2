// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_BACKGROUND_THREAD_HPP
#define DRGAN_CORE_BACKGROUND_THREAD_HPP

#include <functional>
#include <thread>

namespace drgan {

/// Starts a thread for work that no frame waits for. It has a lower priority than the others, as have the threads that
/// it starts, and all signals blocked: they are for the program's own threads.
std::thread startBackgroundThread(std::function<void()> body);

}  // namespace drgan

#endif
