// SPDX-License-Identifier: Apache-2.0

#ifndef OPENCV_DRGAN_SRC_BACKEND_HPP
#define OPENCV_DRGAN_SRC_BACKEND_HPP

#include <opencv2/dnn.hpp>
#include <string>
#include <vector>

#include "precomp.hpp"

namespace cv {
namespace drgan {

/// @param where names the model in the message
/// @return the backend to ask cv::dnn for: backendId, or, if that is the default one and lacks the target, one that has
/// it
/// @throws cv::Exception if cv::dnn has no such backend and target, or would quietly run others
int checkBackend(int backendId, int targetId, const std::string& where);

/// Reads an ONNX model, to run on what checkBackend() has returned. OpenCV 5 has two engines, of which the newer one
/// computes on the CPU whatever it was asked for: it is taken for the CPU only.
/// @throws cv::Exception if OpenCV cannot read the model, or was told to take an engine that would ignore the target
dnn::Net readNetwork(const std::vector<uchar>& model, int backendId, int targetId);

/// For classes of OpenCV that read their model themselves (FaceDetectorYN), and so choose the engine.
/// @param where names the model in the message
/// @throws cv::Exception if the engine would ignore the target
void checkDefaultEngine(int backendId, int targetId, const std::string& where);

}  // namespace drgan
}  // namespace cv

#endif
