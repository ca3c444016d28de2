// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_MODELS_HPP
#define DRGAN_CORE_MODELS_HPP

#include <functional>
#include <opencv2/dnn.hpp>
#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "network_cache.hpp"

namespace drgan {

/// The networks and the gallery that a pipeline uses.
struct Models {
    cv::Ptr<cv::drgan::Encoder> encoder;
    cv::Ptr<cv::drgan::Decoder> decoder;
    cv::Ptr<cv::drgan::FaceFinder> finder;  ///< may be null: faces come from upstream only
    cv::Ptr<cv::drgan::Aligner> aligner;    ///< may be null: tracks are updated by detections only
    cv::Ptr<cv::drgan::Gallery> gallery;    ///< may be null: faces get no names
    float matchThreshold = 0;               ///< default of Pipeline::Options::matchThreshold
    cv::drgan::Thresholds thresholds;       ///< of the bundle, for names; if empty, matchThreshold is used
};

/// What cv::dnn runs the networks on, as cv::dnn::Net::setPreferableBackend and setPreferableTarget take it.
struct Device {
    int backend = cv::dnn::DNN_BACKEND_OPENCV;
    int target = cv::dnn::DNN_TARGET_CPU;
};

/// Names of the devices to try, in this order, as cv::drgan::findBackend takes them: if both are "auto", CUDA if it is
/// available, then the CPU; else what was asked for.
/// @param available as cv::drgan::availableBackends() returns them
std::vector<std::string> devicesToTry(const std::string& backend, const std::string& target,
                                      const std::vector<cv::String>& available);

struct ModelFiles {
    std::string bundle;    ///< folder; empty: cv::drgan::Bundle's default
    std::string detector;  ///< YuNet file; empty: the bundle's detector
    bool detects = true;   ///< false: no detector, faces come from upstream only
};

struct LoadedModels {
    Models models;
    std::string bundleId;
};

/// Loads all networks on the first device that can run them. Networks of the same files on the same device are shared
/// with their other users through the cache. Files are the same if they have not been replaced or modified since.
/// Replacing or deleting a bundle does not affect its current users.
/// @param candidates at least one
/// @param passedOver called with the reason for each device that cannot run them, except the last
/// @throws cv::Exception the error of the last device
LoadedModels loadModels(const ModelFiles& files, const std::vector<Device>& candidates,
                        const std::function<void(const std::string& why)>& passedOver,
                        NetworkCache& cache = NetworkCache::ofProcess());

}  // namespace drgan

#endif
