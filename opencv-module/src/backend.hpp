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
/// @return the backend to request from cv::dnn: backendId, or, if that is the default one and lacks the target, one
/// that has it
/// @throws cv::Exception if cv::dnn has no such backend and target, or would silently use others
int checkBackend(int backendId, int targetId, const std::string& where);

/// Reads an ONNX model and sets the backend that checkBackend() returned. OpenCV 5 has two engines, of which the newer
/// one runs on the CPU whatever is requested; it is therefore used only for the CPU.
/// @throws cv::Exception if OpenCV cannot read the model, or if the environment forces an engine that ignores the
/// target
dnn::Net readNetwork(const std::vector<uchar>& model, int backendId, int targetId);

/// For classes of OpenCV that read their model themselves (FaceDetectorYN) and thereby choose the engine.
/// @param where names the model in the message
/// @throws cv::Exception if the engine would ignore the target
void checkDefaultEngine(int backendId, int targetId, const std::string& where);

}  // namespace drgan
}  // namespace cv

#endif
