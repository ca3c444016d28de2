// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_INSTANCE_POOL_HPP
#define DRGAN_CORE_INSTANCE_POOL_HPP

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

/// Instances of one network, shared by any number of users. An instance serves one thread at a time: a user acquires
/// one for the duration of a call, first come, first served. The first user loads the first instance. If users wait for
/// long, another instance is loaded in a separate thread, up to the number of users and to `maxInstances`.
template <typename T>
class InstancePool {
public:
    using Load = std::function<cv::Ptr<T>()>;

    /// @param maxInstances at least 1
    InstancePool(Load load, size_t maxInstances)
        : load_(std::move(load)), maxInstances_(std::max<size_t>(maxInstances, 1)) {}
    InstancePool(const InstancePool&) = delete;
    InstancePool& operator=(const InstancePool&) = delete;

    class Lease;

    /// A user of the pool. One object serves one thread at a time, except first().
    class User {
    public:
        /// Loads the first instance, or waits until another user has loaded it.
        /// @throws what loading throws
        explicit User(std::shared_ptr<InstancePool> pool) : pool_(std::move(pool)), first_(pool_->addUser()) {}
        ~User() { pool_->removeUser(); }
        User(const User&) = delete;
        User& operator=(const User&) = delete;

        /// Waits for a free instance. Prefers the one that this user had last.
        Lease acquire() { return Lease(*pool_, pool_->acquire(this)); }

        /// For const functions, which may be called while others compute.
        const T& first() const { return *first_; }

    private:
        std::shared_ptr<InstancePool> pool_;
        cv::Ptr<T> first_;
    };

    /// Number of instances loaded now.
    size_t size() const {
        const std::lock_guard<std::mutex> lock(mutex_);
        return instances_.size();
    }

private:
    using Clock = std::chrono::steady_clock;
    // Another instance is loaded when all users together have waited longer than `patience` within a window.
    static constexpr std::chrono::milliseconds patience{50};
    static constexpr std::chrono::milliseconds window{1000};

    struct Instance {
        cv::Ptr<T> network;
        const void* lastUser = nullptr;
        bool busy = false;
    };

    size_t limit() const { return std::max<size_t>(1, std::min(users_, maxInstances_)); }

    cv::Ptr<T> addUser() {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [&] { return !instances_.empty() || !loading_; });
        if (instances_.empty()) {
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
            instances_.push_back({network});
            changed_.notify_all();
        }
        ++users_;
        return instances_.front().network;
    }

    void removeUser() {
        const std::lock_guard<std::mutex> lock(mutex_);
        --users_;
        dropSurplus();
    }

    Instance& acquire(const void* user) {
        std::unique_lock<std::mutex> lock(mutex_);
        const std::uint64_t ticket = tickets_++;
        queue_.push_back(ticket);
        Instance* found = nullptr;
        const auto served = [&] {
            found = queue_.front() == ticket ? idleInstance(user) : nullptr;
            return found != nullptr;
        };
        if (!served()) {
            const auto start = Clock::now();
            if (start - windowStart_ > window) {
                windowStart_ = start;
                waited_ = {};
            }
            if (!changed_.wait_for(lock, std::max(Clock::duration::zero(), patience - waited_), served)) {
                loadAnother();
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

    void release(Instance& instance) {
        const std::lock_guard<std::mutex> lock(mutex_);
        instance.busy = false;
        dropSurplus();
        changed_.notify_all();
    }

    // After another user, cv::dnn may have to plan an instance's memory again for this user's sizes.
    Instance* idleInstance(const void* user) {
        Instance* found = nullptr;
        for (auto& instance : instances_) {
            if (!instance.busy && (found == nullptr || instance.lastUser == user)) {
                found = &instance;
            }
        }
        return found;
    }

    void loadAnother() {
        if (loading_ || instances_.size() >= limit()) {
            return;
        }
        loading_ = true;
        try {
            loader_ = std::async(std::launch::async, [this] {
                cv::Ptr<T> network;
                try {
                    network = load_();
                } catch (...) {  // the file was deleted or changed: no more can be loaded
                }
                const std::lock_guard<std::mutex> lock(mutex_);
                loading_ = false;
                if (network) {
                    instances_.push_back({network});
                    dropSurplus();
                } else {
                    maxInstances_ = instances_.size();
                }
                changed_.notify_all();
            });
        } catch (const std::system_error&) {  // no more threads
            loading_ = false;
        }
    }

    // The first instance stays: User::first() refers to it.
    void dropSurplus() {
        for (auto instance = std::next(instances_.begin(), instances_.empty() ? 0 : 1);
             instance != instances_.end() && instances_.size() > limit();) {
            instance = instance->busy ? std::next(instance) : instances_.erase(instance);
        }
    }

    const Load load_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    size_t maxInstances_;
    size_t users_ = 0;
    bool loading_ = false;
    std::list<Instance> instances_;
    std::deque<std::uint64_t> queue_;  // tickets of the waiting users
    std::uint64_t tickets_ = 0;
    Clock::time_point windowStart_{};
    Clock::duration waited_{};
    std::future<void> loader_;  // last member: destroyed first, which waits for the thread
};

/// Releases the instance when it is destroyed.
template <typename T>
class InstancePool<T>::Lease {
public:
    ~Lease() { from_.release(instance_); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    T* operator->() const { return instance_.network.get(); }

private:
    friend class User;
    Lease(InstancePool& from, Instance& instance) : from_(from), instance_(instance) {}

    InstancePool& from_;
    Instance& instance_;
};

}  // namespace drgan

#endif
