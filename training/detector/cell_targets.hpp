// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "detector/scene.hpp"
#include "nn/models/detector.hpp"

namespace drgan::train {

/// Which cells of the detector's maps are to find which face.
///
/// A face goes to the map whose cells fit its size; sizes between two maps go to both. There, the cells around its
/// middle find it, and the ones around those are free to, as are those of a map that is nearly of its size. All cells
/// are free in the box of a face that is not sure.
/// @param faces of each picture, pixels
/// @param width, height of the pictures, multiples of 32
/// @return one for each of contract::detectorStrides
std::vector<nn::CellTargets> cellTargets(const std::vector<std::vector<SceneFace>>& faces, int width, int height);

}  // namespace drgan::train
