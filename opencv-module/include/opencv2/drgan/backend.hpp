// SPDX-License-Identifier: Apache-2.0
//
// Included by opencv2/drgan.hpp.

#ifndef OPENCV_DRGAN_BACKEND_HPP
#define OPENCV_DRGAN_BACKEND_HPP

#include <opencv2/core.hpp>
#include <vector>

namespace cv {
namespace drgan {

//! @addtogroup drgan
//! @{

/** @brief Returns the backends and targets that are available here, as "backend/target": "opencv/cpu", "opencv/opencl",
"opencv/opencl-fp16", "cuda/cuda", "cuda/cuda-fp16" and the like.

These are the pairs of cv::dnn::getAvailableBackends(), except those that cv::dnn would silently replace by others: it
uses OpenCL on GPUs only, and half precision on Intel's GPUs only, unless the environment variable
OPENCV_DNN_OPENCL_ALLOW_ALL_DEVICES is 1. "opencv/cpu" is always available. The names are those of the GStreamer
element's properties `backend` and `target`. */
CV_EXPORTS_W std::vector<String> availableBackends();

/** @brief Converts the name of a backend and target to the numbers that the create() functions take.

@param name one of availableBackends(). With "auto" in place of the backend, it is OpenCV's own if that has the target,
else CUDA; in place of the target, the CPU if the backend has it. "auto": CUDA if available, else the CPU, with one
warning per process in the log.
@param backendId, targetId as in cv::dnn::Net::setPreferableBackend / setPreferableTarget
@throws cv::Exception listing the available ones, if `name` is none of them. */
CV_EXPORTS_W void findBackend(const String& name, CV_OUT int& backendId, CV_OUT int& targetId);

//! @}

}  // namespace drgan
}  // namespace cv

#endif
