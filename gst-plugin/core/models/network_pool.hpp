// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_NETWORK_POOL_HPP
#define DRGAN_CORE_NETWORK_POOL_HPP

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <opencv2/drgan.hpp>
#include <string>

#include "shared.hpp"

namespace drgan {

/// Where those who use the same networks find each other. What it hands out does as the loaded network would, borrows
/// one of those that are shared for each call, and must not outlive the pool. The last user of a network drops it.
/// For any thread; nobody waits while another's networks load.
class NetworkPool {
public:
    template <typename T>
    using Load = typename Shared<T>::Load;

    /// The one of this process.
    static NetworkPool& ofProcess();

    /// Networks of one kind with the same key are one and the same.
    /// @param key says all that the network depends on
    /// @param load called for the first network, and for each further one, in other threads as well
    /// @throws what loading the first one throws
    cv::Ptr<cv::drgan::Encoder> encoder(const std::string& key, Load<cv::drgan::Encoder> load);
    cv::Ptr<cv::drgan::Decoder> decoder(const std::string& key, Load<cv::drgan::Decoder> load);
    cv::Ptr<cv::drgan::Aligner> aligner(const std::string& key, Load<cv::drgan::Aligner> load);
    cv::Ptr<cv::drgan::FaceFinder> finder(const std::string& key, Load<cv::drgan::FaceFinder> load);

    struct Counts {
        size_t loads = 0;     ///< networks loaded since the pool was made
        size_t networks = 0;  ///< that are loaded now
    };
    Counts counts() const;

private:
    struct Entry {
        std::weak_ptr<void> shared;
        std::function<size_t()> size;
    };
    template <typename T>
    std::shared_ptr<Shared<T>> find(const std::string& key, Load<T> load);

    mutable std::mutex mutex_;
    std::map<std::string, Entry> entries_;
    std::atomic<size_t> loads_{0};
};

}  // namespace drgan

#endif
