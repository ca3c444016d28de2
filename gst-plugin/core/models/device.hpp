// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_DEVICE_HPP
#define DRGAN_CORE_DEVICE_HPP

#include <opencv2/dnn.hpp>
#include <string>
#include <utility>
#include <vector>

namespace drgan {

enum class Backend { automatic, opencv, cuda };
enum class Target { automatic, cpu, opencl, cuda, cudaFp16 };

/// Where cv::dnn runs the networks.
struct Device {
    int backend = cv::dnn::DNN_BACKEND_OPENCV;
    int target = cv::dnn::DNN_TARGET_CPU;
};

struct Devices {
    std::vector<Device> candidates;  ///< to be tried in this order, one at least
    std::string warning;             ///< why a faster one is not among them; empty: it is, or another was asked for
};

using AvailableDevices = std::vector<std::pair<cv::dnn::Backend, cv::dnn::Target>>;

/// Both automatic: CUDA where OpenCV has it, then the CPU. One automatic: what goes with the other.
/// @param available what cv::dnn::getAvailableBackends() gives
/// @throws cv::Exception where a choice is not available or the two do not go together
Devices chooseDevices(Backend backend, Target target, const AvailableDevices& available);

}  // namespace drgan

#endif
