// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

/// The points of MediaPipe's face mesh. "Right" is the subject's right.
namespace drgan::io {

constexpr size_t meshPoints = 468;
constexpr int rightEyeCorners[] = {33, 133};  ///< outer, inner
constexpr int leftEyeCorners[] = {362, 263};  ///< inner, outer

/// For each point the one in its place in the mirror image of the face; a point of the middle line is its own twin.
const std::array<int, meshPoints>& meshTwins();

}  // namespace drgan::io
