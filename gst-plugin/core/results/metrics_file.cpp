// SPDX-License-Identifier: Apache-2.0
#include "metrics_file.hpp"

#include <unistd.h>

#include <csignal>
#include <opencv2/drgan/atomic_file.hpp>
#include <utility>

#include "reason.hpp"

namespace drgan {

MetricsFile::MetricsFile(std::string path, std::chrono::milliseconds interval, Text text, Failed failed)
    : path_(std::move(path)), interval_(interval), text_(std::move(text)), failed_(std::move(failed)) {
    write();
    // Signals are for the program's own threads.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

MetricsFile::~MetricsFile() {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        stopping_ = true;
    }
    stop_.notify_all();
    thread_.join();
    ::unlink(path_.c_str());
}

void MetricsFile::write() const {
    const std::string text = text_();
    cv::drgan::AtomicFile file(path_, cv::drgan::AtomicFile::BY_UMASK);
    file.write(text.data(), text.size());
    file.commit();
}

void MetricsFile::run() {
    bool failing = false;
    std::unique_lock<std::mutex> lock(mutex_);
    while (!stop_.wait_for(lock, interval_, [this] { return stopping_; })) {
        lock.unlock();
        try {
            write();
            failing = false;
        } catch (const cv::Exception& error) {
            if (!std::exchange(failing, true)) {
                failed_(reasonOf(error));
            }
        }
        lock.lock();
    }
}

}  // namespace drgan
