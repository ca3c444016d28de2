// SPDX-License-Identifier: Apache-2.0
//
// The benchmarks by topic. Each function registers its own; what it is given must live until they have run.
#ifndef DRGAN_BENCHMARKS_BENCH_PARTS_HPP
#define DRGAN_BENCHMARKS_BENCH_PARTS_HPP

#include <string>
#include <vector>

#include "clip_pipeline.hpp"

namespace drgan::benchmarks {

/// A clip of the grid.
struct GridClip {
    std::string name;
    Clip clip;
};

/// Encoder and, where the bundle has one, aligner.
void registerNetworks(const Clip& clip, const Clip& eight);

/// The element with faces from metadata, beside facedetect; following beside detecting; several streams at once.
void registerElement(const Clip& clip, const Clip& eight);

/// Whole streams with 1, 4 and 16 faces: the element as it is by default, facedetect.
/// @param cascade facedetect's
void registerGrid(const std::vector<GridClip>& clips, const std::string& cascade);

/// The same clips through what one would write with OpenCV alone: on each frame YuNet, and a recogniser on each face.
/// @param yunet, recogniser ONNX files
void registerOpenCv(const std::vector<GridClip>& clips, const std::string& yunet, const std::string& recogniser);

}  // namespace drgan::benchmarks

#endif
