// SPDX-License-Identifier: Apache-2.0
#include "backend.hpp"

#include <algorithm>
#include <cstdlib>
#include <opencv2/core/ocl.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <utility>

namespace cv {
namespace drgan {

namespace {

using Pair = std::pair<int, int>;  // backend, target
using Name = std::pair<int, const char*>;

// By number, because OpenCV 4.6 has no names for those of later versions.
constexpr Name backendNames[] = {{1, "halide"}, {2, "openvino"}, {3, "opencv"}, {4, "vkcom"},         {5, "cuda"},
                                 {6, "webnn"},  {7, "timvx"},    {8, "cann"},   {1000000, "openvino"}};
constexpr Name targetNames[] = {{0, "cpu"},    {1, "opencl"}, {2, "opencl-fp16"}, {3, "myriad"},
                                {4, "vulkan"}, {5, "fpga"},   {6, "cuda"},        {7, "cuda-fp16"},
                                {8, "hddl"},   {9, "npu"},    {10, "cpu-fp16"}};
static_assert(dnn::DNN_BACKEND_OPENCV == 3 && dnn::DNN_BACKEND_CUDA == 5, "numbers of backends");
static_assert(dnn::DNN_TARGET_OPENCL_FP16 == 2 && dnn::DNN_TARGET_CUDA_FP16 == 7, "numbers of targets");

template <size_t n>
std::string nameIn(const Name (&names)[n], int id) {
    const auto* const found = std::find_if(names, names + n, [id](const Name& one) { return one.first == id; });
    return found == names + n ? std::to_string(id) : found->second;
}

std::string nameOf(const Pair& pair) {
    return nameIn(backendNames, pair.first) + "/" + nameIn(targetNames, pair.second);
}

/// Whether the environment tells cv::dnn to use OpenCL on any device.
bool anyOpenClDevice() {
    const char* const value = std::getenv("OPENCV_DNN_OPENCL_ALLOW_ALL_DEVICES");
    const std::string text = value == nullptr ? "" : value;
    return text == "1" || text == "true" || text == "True" || text == "TRUE";
}

/// Whether cv::dnn really uses a pair that it lists. With only a message in the log, it falls back to the CPU if the
/// OpenCL device is not a GPU, and to single precision if it does not trust the device's half precision.
bool runs(const Pair& pair) {
    if (pair.first != dnn::DNN_BACKEND_OPENCV ||
        (pair.second != dnn::DNN_TARGET_OPENCL && pair.second != dnn::DNN_TARGET_OPENCL_FP16)) {
        return true;
    }
    const ocl::Device& device = ocl::Device::getDefault();
    const bool half = pair.second == dnn::DNN_TARGET_OPENCL_FP16;
    if (half && !device.isExtensionSupported("cl_khr_fp16")) {
        return false;
    }
    return anyOpenClDevice() || (device.type() == ocl::Device::TYPE_GPU && (!half || device.isIntel()));
}

std::vector<Pair> availablePairs() {
    std::vector<Pair> pairs;
    for (const auto& pair : dnn::getAvailableBackends()) {
        if (runs(pair)) {
            pairs.emplace_back(pair.first, pair.second);
        }
    }
    return pairs;
}

bool has(const std::vector<Pair>& pairs, const Pair& pair) {
    return std::find(pairs.begin(), pairs.end(), pair) != pairs.end();
}

/// What "auto" takes first comes first: OpenCV's own backend, then CUDA, and of a backend's targets the CPU.
std::vector<Pair> byPreference(std::vector<Pair> pairs) {
    const auto rank = [](const Pair& pair) {
        const int backend = pair.first == dnn::DNN_BACKEND_OPENCV ? 0 : pair.first == dnn::DNN_BACKEND_CUDA ? 1 : 2;
        return std::make_pair(backend, pair.second);
    };
    std::stable_sort(pairs.begin(), pairs.end(), [&](const Pair& a, const Pair& b) { return rank(a) < rank(b); });
    return pairs;
}

/// Whether a name, "BACKEND/TARGET" with "auto" for one of them, is that of a pair.
bool fits(const std::string& name, const Pair& pair) {
    const std::string backend = nameIn(backendNames, pair.first);
    const std::string target = nameIn(targetNames, pair.second);
    return name == backend + "/" + target || name == "auto/" + target || name == backend + "/auto";
}

std::string listed(const std::vector<Pair>& pairs) {
    std::string text;
    for (const Pair& pair : pairs) {
        text += format("%s%s (%d, %d)", text.empty() ? "" : ", ", nameOf(pair).c_str(), pair.first, pair.second);
    }
    return text;
}

#if CV_VERSION_MAJOR >= 5
bool isPlainCpu(const Pair& pair) {
    return (pair.first == dnn::DNN_BACKEND_DEFAULT || pair.first == dnn::DNN_BACKEND_OPENCV) &&
           pair.second == dnn::DNN_TARGET_CPU;
}

/// The engine that OpenCV uses instead of the requested one; 0: the requested one.
int forcedEngine() {
    const char* const value = std::getenv("OPENCV_FORCE_DNN_ENGINE");
    return value == nullptr ? 0 : std::atoi(value);
}
#endif

}  // namespace

std::vector<String> availableBackends() {
    std::vector<String> names;
    for (const Pair& pair : availablePairs()) {
        names.push_back(nameOf(pair));
    }
    return names;
}

void findBackend(const String& name, int& backendId, int& targetId) {
    const std::vector<Pair> pairs = availablePairs();
    Pair found(dnn::DNN_BACKEND_OPENCV, dnn::DNN_TARGET_CPU);
    if (name == "auto" || name == "auto/auto") {
        const Pair cuda(dnn::DNN_BACKEND_CUDA, dnn::DNN_TARGET_CUDA);
        if (has(pairs, cuda)) {
            found = cuda;
        } else {
            CV_LOG_ONCE_WARNING(NULL, "OpenCV " << CV_VERSION << " has no CUDA here: networks run on the CPU");
        }
    } else {
        const std::vector<Pair> sorted = byPreference(pairs);
        const auto one = std::find_if(sorted.begin(), sorted.end(), [&](const Pair& p) { return fits(name, p); });
        if (one == sorted.end()) {
            CV_Error(Error::StsNotImplemented,
                     format("name: got \"%s\", expected \"auto\" or one that OpenCV %s has here: %s", name.c_str(),
                            CV_VERSION, listed(pairs).c_str()));
        }
        found = *one;
    }
    backendId = found.first;
    targetId = found.second;
}

int checkBackend(int backendId, int targetId, const std::string& where) {
    const std::vector<Pair> pairs = availablePairs();
    if (backendId != dnn::DNN_BACKEND_DEFAULT) {
        if (has(pairs, {backendId, targetId})) {
            return backendId;
        }
    } else {
        // The default backend if it has the target, else one that has it: with the default, cv::dnn would fail or, in
        // some versions, ignore the target.
        const std::vector<dnn::Target> own = dnn::getAvailableTargets(dnn::DNN_BACKEND_DEFAULT);
        const bool ofDefault = std::find(own.begin(), own.end(), targetId) != own.end();
        for (const Pair& pair : pairs) {
            if (pair.second == targetId) {
                return ofDefault ? backendId : pair.first;
            }
        }
    }
    CV_Error(
        Error::StsNotImplemented,
        format("%s: got backend %d and target %d (%s), expected 0 (default) or one of the pairs (backend, target) that "
               "OpenCV %s has here: %s",
               where.c_str(), backendId, targetId, nameOf({backendId, targetId}).c_str(), CV_VERSION,
               listed(pairs).c_str()));
}

#if CV_VERSION_MAJOR >= 5

dnn::Net readNetwork(const std::vector<uchar>& model, int backendId, int targetId) {
    const bool plain = isPlainCpu({backendId, targetId});
    // The classic engine: the new one runs on the CPU only, whatever the target, and that of OpenCV 5.0 lets NaN pass
    // as a score. Its overload for vectors ignores the engine.
    dnn::Net net = dnn::readNetFromONNX(reinterpret_cast<const char*>(model.data()), model.size(), dnn::ENGINE_CLASSIC);
    if (!net.getMainGraph()) {  // the classic engine
        net.setPreferableBackend(backendId);
        net.setPreferableTarget(targetId);
    } else if (!plain) {
        CV_Error(Error::StsNotImplemented,
                 format("OPENCV_FORCE_DNN_ENGINE=%d makes OpenCV %s use an engine that runs on the CPU only; got %s, "
                        "expected the variable to be unset or %d",
                        forcedEngine(), CV_VERSION, nameOf({backendId, targetId}).c_str(), dnn::ENGINE_CLASSIC));
    }
    return net;
}

void checkDefaultEngine(int backendId, int targetId, const std::string& where) {
    if (!isPlainCpu({backendId, targetId}) && forcedEngine() != dnn::ENGINE_CLASSIC) {
        CV_Error(Error::StsNotImplemented,
                 format("%s: OpenCV %s reads it with an engine that runs on the CPU only; got %s, expected the CPU, or "
                        "OPENCV_FORCE_DNN_ENGINE=%d in the environment",
                        where.c_str(), CV_VERSION, nameOf({backendId, targetId}).c_str(), dnn::ENGINE_CLASSIC));
    }
}

#else

dnn::Net readNetwork(const std::vector<uchar>& model, int backendId, int targetId) {
    dnn::Net net = dnn::readNetFromONNX(model);
    net.setPreferableBackend(backendId);
    net.setPreferableTarget(targetId);
    return net;
}

void checkDefaultEngine(int, int, const std::string&) {}

#endif

}  // namespace drgan
}  // namespace cv
