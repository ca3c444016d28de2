// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_METRICS_FILE_HPP
#define DRGAN_CORE_METRICS_FILE_HPP

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace drgan {

/// Writes a text to a file at regular intervals, from a thread of its own, so that a slow disk delays nobody. The file
/// is replaced as a whole: a reader never sees a part of it. It is removed at the end, so that nobody takes the last
/// values of a stream that has ended for those of a stream that runs.
class MetricsFile {
public:
    using Text = std::function<std::string()>;
    using Failed = std::function<void(const std::string&)>;

    /// Writes the first text before it returns.
    /// @param text what to write now; called in the thread, too
    /// @param failed called once, in the thread, if the file cannot be written any more; the thread tries again
    /// @throws std::exception naming the path if the first text cannot be written
    MetricsFile(std::string path, std::chrono::milliseconds interval, Text text, Failed failed);
    ~MetricsFile();
    MetricsFile(const MetricsFile&) = delete;
    MetricsFile& operator=(const MetricsFile&) = delete;

private:
    void write() const;
    void run();

    const std::string path_;
    const std::chrono::milliseconds interval_;
    const Text text_;
    const Failed failed_;
    std::mutex mutex_;
    std::condition_variable stop_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace drgan

#endif
