// SPDX-License-Identifier: Apache-2.0

#ifndef OPENCV_DRGAN_SRC_BACKEND_HPP
#define OPENCV_DRGAN_SRC_BACKEND_HPP

#include <string>

#include "precomp.hpp"

namespace cv {
namespace drgan {

/// @param where names the model in the message
/// @return the backend to ask cv::dnn for: backendId, or, if that is the default one and lacks the target, one that has
/// it
/// @throws cv::Exception if cv::dnn has no such backend and target, or would quietly run others
int checkBackend(int backendId, int targetId, const std::string& where);

}  // namespace drgan
}  // namespace cv

#endif
