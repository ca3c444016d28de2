// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core.hpp>
#include <random>

#include "small_network/crops.hpp"

namespace drgan::train {

/// Draws a medical or cloth mask over nose, mouth and chin of a face.
/// @param picture CV_32FC3, RGB, in [-1,1]
/// @param landmarks in its pixels
void wearMask(cv::Mat& picture, const Landmarks& landmarks, std::mt19937_64& random);

}  // namespace drgan::train
