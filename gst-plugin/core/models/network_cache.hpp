// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_NETWORK_CACHE_HPP
#define DRGAN_CORE_NETWORK_CACHE_HPP

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <opencv2/drgan.hpp>
#include <string>

#include "instance_pool.hpp"

namespace drgan {

/// Shares networks between their users. A returned object behaves like the loaded network, acquires an instance from
/// the shared pool for each call, and must not outlive the cache. A network is unloaded with its last user.
/// Thread-safe; no call waits while another caller's network is being loaded.
class NetworkCache {
public:
    template <typename T>
    using Load = typename InstancePool<T>::Load;

    /// The process's cache.
    static NetworkCache& ofProcess();

    /// Networks of the same kind and key are shared.
    /// @param key identifies everything that the network depends on
    /// @param load called once per instance, possibly in another thread
    /// @throws whatever `load` throws for the first instance
    cv::Ptr<cv::drgan::Encoder> encoder(const std::string& key, Load<cv::drgan::Encoder> load);
    cv::Ptr<cv::drgan::Decoder> decoder(const std::string& key, Load<cv::drgan::Decoder> load);
    cv::Ptr<cv::drgan::Aligner> aligner(const std::string& key, Load<cv::drgan::Aligner> load);
    cv::Ptr<cv::drgan::FaceFinder> finder(const std::string& key, Load<cv::drgan::FaceFinder> load);

    struct Counts {
        size_t loads = 0;     ///< instances loaded since the cache was created
        size_t networks = 0;  ///< instances loaded now
    };
    Counts counts() const;

private:
    struct Entry {
        std::weak_ptr<void> shared;
        std::function<size_t()> size;
    };
    template <typename T>
    std::shared_ptr<InstancePool<T>> find(const std::string& key, Load<T> load);

    mutable std::mutex mutex_;
    std::map<std::string, Entry> entries_;
    std::atomic<size_t> loads_{0};
};

}  // namespace drgan

#endif
