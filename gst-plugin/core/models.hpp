// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_MODELS_HPP
#define DRGAN_CORE_MODELS_HPP

#include <functional>
#include <string>
#include <vector>

#include "device.hpp"
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

/// Loads all networks on the first of the devices that runs them.
/// @param candidates one at least
/// @param passedOver told, for each device that does not but the last, why
/// @throws cv::Exception what the last device said
LoadedModels loadModels(const ModelFiles& files, const std::vector<Device>& candidates,
                        const std::function<void(const std::string& why)>& passedOver);

}  // namespace drgan

#endif
