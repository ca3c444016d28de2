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

/** @brief What networks can run on here: "backend/target", as "opencv/cpu", "opencv/opencl", "opencv/opencl-fp16",
"cuda/cuda" or "cuda/cuda-fp16".

These are the pairs of cv::dnn::getAvailableBackends(), by the names of the GStreamer element's properties `backend` and
`target`, without those that cv::dnn would silently replace by others: its OpenCL runs on GPUs only, in half precision
on Intel's only, unless the environment variable OPENCV_DNN_OPENCL_ALLOW_ALL_DEVICES is 1. "opencv/cpu" is always
there. */
CV_EXPORTS_W std::vector<String> availableBackends();

/** @brief The numbers that the create() functions take.

@param name one of availableBackends(). Instead of its backend or its target, "auto": OpenCV's own backend where it has
the target, else CUDA, and the CPU where the backend has it. Or "auto" only: CUDA where there is one, else the CPU, which
the log then says, once in a process.
@param backendId, targetId as in cv::dnn::Net::setPreferableBackend / setPreferableTarget
@throws cv::Exception naming what there is, if `name` is not among it. */
CV_EXPORTS_W void findBackend(const String& name, CV_OUT int& backendId, CV_OUT int& targetId);

//! @}

}  // namespace drgan
}  // namespace cv

#endif
