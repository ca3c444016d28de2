// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_BENCHMARKS_CLIP_PIPELINE_HPP
#define DRGAN_BENCHMARKS_CLIP_PIPELINE_HPP

#include <gst/gst.h>

#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace drgan::benchmarks {

/// A clip decoded into memory, with the largest face of each frame.
struct Clip {
    std::vector<cv::Mat> frames;  ///< 8-bit RGB, all of one size
    std::vector<cv::Rect> faces;  ///< one a frame, pixels; found by OpenCV's frontal cascade, carried over gaps
};

/// @throws std::runtime_error if the file cannot be read or shows no face.
Clip readClip(const std::string& file, const std::string& cascade);

/// A clip of 640x480 pixels with eight faces, 4 x 2 tiles: the clip's face in each, an eighth of its length further on.
Clip eightFaces(const Clip& clip);

/// Pushes every frame, with its face as a region of interest, through appsrc ! elements ! fakesink.
/// @param elements as gst-launch-1.0 takes them.
/// @return seconds from the first frame to the end of the stream; loading of models is not in it.
/// @throws std::runtime_error with the pipeline's error.
double playClip(const Clip& clip, const std::string& elements);

}  // namespace drgan::benchmarks

#endif
