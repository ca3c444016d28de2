// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_MODELS_HPP
#define DRGAN_CORE_MODELS_HPP

#include <functional>
#include <string>
#include <vector>

#include "device.hpp"
#include "network_pool.hpp"
#include "pipeline.hpp"

namespace drgan {

struct ModelFiles {
    std::string bundle;    ///< folder; empty: cv::drgan::Bundle's default
    std::string detector;  ///< YuNet file; empty: the bundle's detector
    bool detects = true;   ///< false: no finder, faces come from upstream alone
};

struct LoadedModels {
    Pipeline::Models models;
    std::string bundleId;
};

/// All networks on the first of the devices that runs them: those of the pool where somebody uses the same files on the
/// same device, else loaded. Files count as the same as long as nobody touches them. A bundle that is replaced or
/// deleted changes nothing for who uses it.
/// @param candidates one at least
/// @param passedOver told, for each device that does not but the last, why
/// @throws cv::Exception what the last device said
LoadedModels loadModels(const ModelFiles& files, const std::vector<Device>& candidates,
                        const std::function<void(const std::string& why)>& passedOver,
                        NetworkPool& pool = NetworkPool::ofProcess());

}  // namespace drgan

#endif
