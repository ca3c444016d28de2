// SPDX-License-Identifier: Apache-2.0

#include "prepare_all.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "archive.hpp"

namespace drgan::data {

namespace {

struct Job {
    size_t row = 0;
    std::vector<uint8_t> bytes;
};

/// Hands pictures from the reader to the workers; holds few, so that memory stays small.
class JobQueue {
public:
    void push(Job job) {
        std::unique_lock<std::mutex> lock(mutex_);
        room_.wait(lock, [this] { return jobs_.size() < limit; });
        jobs_.push_back(std::move(job));
        filled_.notify_one();
    }
    void close() {
        const std::lock_guard<std::mutex> lock(mutex_);
        closed_ = true;
        filled_.notify_all();
    }
    bool pop(Job& job) {
        std::unique_lock<std::mutex> lock(mutex_);
        filled_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
        if (jobs_.empty()) {
            return false;
        }
        job = std::move(jobs_.front());
        jobs_.pop_front();
        room_.notify_one();
        return true;
    }

private:
    static constexpr size_t limit = 64;
    std::mutex mutex_;
    std::condition_variable room_;
    std::condition_variable filled_;
    std::deque<Job> jobs_;
    bool closed_ = false;
};

}  // namespace

std::vector<Prepared> prepareAll(const std::string& folder, const std::vector<Label>& labels, const Options& options,
                                 int threads, const Progress& progress, std::vector<Dropped>& dropped) {
    std::vector<std::unique_ptr<Preparer>> preparers;  // here, so that a missing model is reported before any work
    for (int i = 0; i < threads; ++i) {
        preparers.push_back(std::make_unique<Preparer>(options));
    }
    std::vector<Prepared> results(labels.size());
    JobQueue queue;
    std::mutex mutex;  // guards dropped and done
    size_t done = 0;
    const auto start = std::chrono::steady_clock::now();

    const auto work = [&](Preparer& preparer) {
        Job job;
        while (queue.pop(job)) {
            const Label& label = labels[job.row];
            std::string problem;
            try {
                results[job.row] = preparer.prepare(label, job.bytes);
            } catch (const cv::Exception& error) {
                problem = error.err;  // without OpenCV's file, line and function
            } catch (const std::exception& error) {
                problem = error.what();
            }
            const std::lock_guard<std::mutex> lock(mutex);
            if (!problem.empty()) {
                dropped.push_back({label.line, label.file, problem});
            }
            ++done;
            const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
            progress(done, labels.size(), static_cast<double>(done) / std::max(elapsed.count(), 1e-9));
        }
    };
    std::vector<std::thread> workers;
    for (const auto& preparer : preparers) {
        workers.emplace_back(work, std::ref(*preparer));
    }
    std::vector<Dropped> unread;
    std::exception_ptr failure;
    try {
        readPictures(
            folder, labels,
            [&](size_t row, std::vector<uint8_t> bytes) {
                queue.push({row, std::move(bytes)});
                return true;
            },
            unread);
    } catch (...) {
        failure = std::current_exception();
    }
    queue.close();
    for (std::thread& worker : workers) {
        worker.join();
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
    dropped.insert(dropped.end(), unread.begin(), unread.end());
    std::stable_sort(dropped.begin(), dropped.end(),
                     [](const Dropped& a, const Dropped& b) { return a.line < b.line; });
    return results;
}

}  // namespace drgan::data
