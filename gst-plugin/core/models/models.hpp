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

/// The networks that a pipeline runs, and the gallery that it asks.
struct Models {
    cv::Ptr<cv::drgan::Encoder> encoder;
    cv::Ptr<cv::drgan::Decoder> decoder;
    cv::Ptr<cv::drgan::FaceFinder> finder;  ///< may be null: upstream's faces alone
    cv::Ptr<cv::drgan::Aligner> aligner;    ///< may be null: tracks are followed by detections alone
    cv::Ptr<cv::drgan::Gallery> gallery;    ///< may be null: nobody has a name
    float matchThreshold = 0;               ///< what Pipeline::Options::matchThreshold is by default
    cv::drgan::Thresholds thresholds;       ///< of the bundle, for names; none: names go by matchThreshold
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
    bool detects = true;   ///< false: no finder, faces come from upstream alone
};

struct LoadedModels {
    Models models;
    std::string bundleId;
};

/// All networks on the first of the devices that runs them: those of the cache where somebody uses the same files on
/// the same device, else loaded. Files count as the same as long as nobody touches them. A bundle that is replaced or
/// deleted changes nothing for who uses it.
/// @param candidates one at least
/// @param passedOver told, for each device that does not but the last, why
/// @throws cv::Exception what the last device said
LoadedModels loadModels(const ModelFiles& files, const std::vector<Device>& candidates,
                        const std::function<void(const std::string& why)>& passedOver,
                        NetworkCache& cache = NetworkCache::ofProcess());

}  // namespace drgan

#endif
