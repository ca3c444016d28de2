// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_BENCHMARKS_CLIP_PIPELINE_HPP
#define DRGAN_BENCHMARKS_CLIP_PIPELINE_HPP

#include <gst/gst.h>

#include <opencv2/core.hpp>
#include <optional>
#include <string>
#include <vector>

namespace drgan::benchmarks {

/// A clip, decoded into memory, with the largest face of each frame.
struct Clip {
    std::vector<cv::Mat> frames;  ///< 8-bit RGB, all of one size
    std::vector<cv::Rect>
        faces;  ///< one per frame, pixels; detected by OpenCV's frontal cascade, repeated where it fails
};

/// @throws std::runtime_error if the file cannot be read or shows no face.
Clip readClip(const std::string& file, const std::string& cascade);

/// A clip with n faces in a grid of tiles. Each tile shows the clip's face, shifted in time by a part of the clip's
/// length from tile to tile. Faces take 0.6 of a tile's smaller side, but at most 0.3 of the frame's height.
/// @param faces 1 or more
/// @param size pixels of the frame
/// @param frames maximum number of the clip's frames
/// @return Clip::faces is the one in the first tile
Clip manyFaces(const Clip& clip, int faces, cv::Size size, size_t frames);

/// manyFaces() with all frames of the clip, 640x480 pixels, 4 x 2 tiles.
Clip eightFaces(const Clip& clip);

struct Played {
    double seconds = 0;           ///< from the first frame to the end of all streams, without loading the models
    std::optional<double> faces;  ///< mean number per frame, if the element `measured` reports it: drganfrontalize
                                  ///< in "stats", facedetect on the bus
};

/// Pushes frames, each with a region of interest for its face, through appsrc ! elements ! fakesink.
/// @param elements as gst-launch-1.0 takes them
/// @param frames number of frames; the clip is repeated
/// @param streams number of streams in the pipeline
/// @throws std::runtime_error with the pipeline's error.
Played playClip(const Clip& clip, const std::string& elements, size_t frames, size_t streams = 1);

}  // namespace drgan::benchmarks

#endif
