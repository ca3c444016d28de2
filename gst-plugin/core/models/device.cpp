// SPDX-License-Identifier: Apache-2.0
#include "device.hpp"

#include <algorithm>

namespace drgan {
namespace {

struct Known {
    Target target;
    const char* targetName;
    cv::dnn::Target cvTarget;
    Backend backend;
    const char* backendName;
    cv::dnn::Backend cvBackend;
};

// The first of a backend's targets is the one that it gets without being asked.
constexpr Known known[] = {
    {Target::cpu, "cpu", cv::dnn::DNN_TARGET_CPU, Backend::opencv, "opencv", cv::dnn::DNN_BACKEND_OPENCV},
    {Target::opencl, "opencl", cv::dnn::DNN_TARGET_OPENCL, Backend::opencv, "opencv", cv::dnn::DNN_BACKEND_OPENCV},
    {Target::cuda, "cuda", cv::dnn::DNN_TARGET_CUDA, Backend::cuda, "cuda", cv::dnn::DNN_BACKEND_CUDA},
    {Target::cudaFp16, "cuda-fp16", cv::dnn::DNN_TARGET_CUDA_FP16, Backend::cuda, "cuda", cv::dnn::DNN_BACKEND_CUDA},
};

bool has(const AvailableDevices& available, cv::dnn::Backend backend, cv::dnn::Target target) {
    return std::find(available.begin(), available.end(), std::make_pair(backend, target)) != available.end();
}

std::string namesOf(const AvailableDevices& available) {
    std::string names;
    for (const auto& k : known) {
        if (has(available, k.cvBackend, k.cvTarget)) {
            names += (names.empty() ? "" : ", ") + std::string(k.targetName);
        }
    }
    return names.empty() ? "none" : names;
}

}  // namespace

Devices chooseDevices(Backend backend, Target target, const AvailableDevices& available) {
    if (backend == Backend::automatic && target == Target::automatic) {
        const Device cuda{cv::dnn::DNN_BACKEND_CUDA, cv::dnn::DNN_TARGET_CUDA};
        if (has(available, cv::dnn::DNN_BACKEND_CUDA, cv::dnn::DNN_TARGET_CUDA)) {
            return {{cuda, Device()}, ""};
        }
        return {{Device()}, std::string("OpenCV ") + CV_VERSION + " has no CUDA here: networks run on the CPU"};
    }
    const auto* k = std::find_if(std::begin(known), std::end(known), [&](const Known& d) {
        return (target == Target::automatic || d.target == target) &&
               (backend == Backend::automatic || d.backend == backend);
    });
    if (k == std::end(known)) {
        const auto* b = std::find_if(std::begin(known), std::end(known), [&](auto& d) { return d.backend == backend; });
        const auto* t = std::find_if(std::begin(known), std::end(known), [&](auto& d) { return d.target == target; });
        CV_Error(cv::Error::StsBadArg, std::string("backend ") + b->backendName + " and target " + t->targetName +
                                           " do not go together: the target needs backend " + t->backendName);
    }
    if (!has(available, k->cvBackend, k->cvTarget)) {
        CV_Error(cv::Error::StsNotImplemented,
                 std::string("OpenCV ") + CV_VERSION + " was built without backend " + k->backendName + ", target " +
                     k->targetName + ", or finds no such device; targets that it has here: " + namesOf(available));
    }
    return {{{k->cvBackend, k->cvTarget}}, ""};
}

}  // namespace drgan
