// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_SHARED_HPP
#define DRGAN_CORE_SHARED_HPP

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <opencv2/core.hpp>
#include <system_error>
#include <utility>

namespace drgan {

/// Networks that compute the same, each of which serves one thread at a time, for any number of users: a user borrows
/// one for the time of a call, first come, first served. There is one to begin with. Where users wait for long, a
/// further one is loaded in a thread of its own, but never more than there are users, nor than `most`.
template <typename T>
class Shared {
public:
    using Load = std::function<cv::Ptr<T>()>;

    /// @param most 1 at least
    Shared(Load load, size_t most) : load_(std::move(load)), most_(std::max<size_t>(most, 1)) {}
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;

    class Loan;

    /// Whoever uses the networks. Serves one thread at a time, but for first().
    class User {
    public:
        /// Loads the first network, or waits for who is at it.
        /// @throws what loading throws
        explicit User(std::shared_ptr<Shared> of) : of_(std::move(of)), first_(of_->enter()) {}
        ~User() { of_->leave(); }
        User(const User&) = delete;
        User& operator=(const User&) = delete;

        /// Waits for a network that is free: the one that this user had last, if it is.
        Loan borrow() { return Loan(*of_, of_->take(this)); }

        /// For what does not change, and may be asked while others compute.
        const T& first() const { return *first_; }

    private:
        std::shared_ptr<Shared> of_;
        cv::Ptr<T> first_;
    };

    /// Networks that are loaded now.
    size_t size() const {
        const std::lock_guard<std::mutex> lock(mutex_);
        return ones_.size();
    }

private:
    using Clock = std::chrono::steady_clock;
    // So long may all users together have waited in a window before one more network is worth its memory.
    static constexpr std::chrono::milliseconds patience{50};
    static constexpr std::chrono::milliseconds window{1000};

    struct One {
        cv::Ptr<T> network;
        const void* lastUser = nullptr;
        bool busy = false;
    };

    size_t limit() const { return std::max<size_t>(1, std::min(users_, most_)); }

    cv::Ptr<T> enter() {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [&] { return !ones_.empty() || !loading_; });
        if (ones_.empty()) {
            loading_ = true;
            lock.unlock();
            cv::Ptr<T> network;
            try {
                network = load_();
            } catch (...) {
                lock.lock();
                loading_ = false;
                changed_.notify_all();
                throw;
            }
            lock.lock();
            loading_ = false;
            ones_.push_back({network});
            changed_.notify_all();
        }
        ++users_;
        return ones_.front().network;
    }

    void leave() {
        const std::lock_guard<std::mutex> lock(mutex_);
        --users_;
        trim();
    }

    One& take(const void* user) {
        std::unique_lock<std::mutex> lock(mutex_);
        const std::uint64_t ticket = tickets_++;
        queue_.push_back(ticket);
        One* found = nullptr;
        const auto served = [&] {
            found = queue_.front() == ticket ? pick(user) : nullptr;
            return found != nullptr;
        };
        if (!served()) {
            const auto start = Clock::now();
            if (start - windowStart_ > window) {
                windowStart_ = start;
                waited_ = {};
            }
            if (!changed_.wait_for(lock, std::max(Clock::duration::zero(), patience - waited_), served)) {
                grow();
                changed_.wait(lock, served);
            }
            waited_ += Clock::now() - start;
        }
        queue_.pop_front();
        found->busy = true;
        found->lastUser = user;
        changed_.notify_all();  // the next in the queue may be served as well
        return *found;
    }

    void giveBack(One& one) {
        const std::lock_guard<std::mutex> lock(mutex_);
        one.busy = false;
        trim();
        changed_.notify_all();
    }

    // A network that another user had may have to be planned anew for this one's sizes.
    One* pick(const void* user) {
        One* found = nullptr;
        for (auto& one : ones_) {
            if (!one.busy && (found == nullptr || one.lastUser == user)) {
                found = &one;
            }
        }
        return found;
    }

    void grow() {
        if (loading_ || ones_.size() >= limit()) {
            return;
        }
        loading_ = true;
        try {
            growth_ = std::async(std::launch::async, [this] {
                cv::Ptr<T> network;
                try {
                    network = load_();
                } catch (...) {  // the file has gone or changed: there will be no more
                }
                const std::lock_guard<std::mutex> lock(mutex_);
                loading_ = false;
                if (network) {
                    ones_.push_back({network});
                    trim();
                } else {
                    most_ = ones_.size();
                }
                changed_.notify_all();
            });
        } catch (const std::system_error&) {  // no thread to be had
            loading_ = false;
        }
    }

    // The first stays: users ask it.
    void trim() {
        for (auto one = std::next(ones_.begin(), ones_.empty() ? 0 : 1);
             one != ones_.end() && ones_.size() > limit();) {
            one = one->busy ? std::next(one) : ones_.erase(one);
        }
    }

    const Load load_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    size_t most_;
    size_t users_ = 0;
    bool loading_ = false;
    std::list<One> ones_;
    std::deque<std::uint64_t> queue_;  // tickets of those who wait
    std::uint64_t tickets_ = 0;
    Clock::time_point windowStart_{};
    Clock::duration waited_{};
    std::future<void> growth_;  // last: its end is waited for while the rest is still there
};

/// A network on loan; it goes back at the end.
template <typename T>
class Shared<T>::Loan {
public:
    ~Loan() { from_.giveBack(one_); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    T* operator->() const { return one_.network.get(); }

private:
    friend class User;
    Loan(Shared& from, One& one) : from_(from), one_(one) {}

    Shared& from_;
    One& one_;
};

}  // namespace drgan

#endif
