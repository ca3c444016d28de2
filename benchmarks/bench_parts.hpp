// SPDX-License-Identifier: Apache-2.0
//
// The benchmarks by topic. Each function registers some; its arguments must live until they have run.
#ifndef DRGAN_BENCHMARKS_BENCH_PARTS_HPP
#define DRGAN_BENCHMARKS_BENCH_PARTS_HPP

#include <string>
#include <vector>

#include "clip_pipeline.hpp"

namespace drgan::benchmarks {

/// A clip for the grid of programs and clips.
struct GridClip {
    std::string name;
    Clip clip;
};

/// The encoder and, if the bundle has one, the aligner.
void registerNetworks(const Clip& clip, const Clip& eight);

/// The element with faces from metadata compared with facedetect, following compared with detecting, and several
/// streams at the same time.
void registerElement(const Clip& clip, const Clip& eight);

/// The element with nobody listening, and with everything that a fleet asks of it, but without embeddings.
/// @param broker mqtt://HOST:PORT/PREFIX, which must be there
/// @param folder for a gallery, results and metrics
void registerReporting(const Clip& clip, const std::string& broker, const std::string& folder);

/// Whole streams with 1, 4 and 16 faces: the element with its defaults, and facedetect.
/// @param cascade for facedetect
void registerGrid(const std::vector<GridClip>& clips, const std::string& cascade);

/// The same clips with only OpenCV: YuNet on each frame and a recogniser on each face.
/// @param yunet, recogniser ONNX files
void registerOpenCv(const std::vector<GridClip>& clips, const std::string& yunet, const std::string& recogniser);

}  // namespace drgan::benchmarks

#endif
