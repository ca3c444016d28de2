// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_OPTIONS_HPP
#define DRGAN_CORE_OPTIONS_HPP

#include "tracking/tracker.hpp"

namespace drgan {

/// Options of a Pipeline.
struct PipelineOptions {
    /// Number of frames from one detection to the next; fewer when a track is missed and, with an aligner, while there
    /// are no tracks. 0: never detect, use faces from upstream only.
    int detectInterval = 5;
    int detectSize = 640;  ///< pixels: a frame whose longer side is above it is scaled down for detection
    int maxFaces = 16;
    float minFaceSize = 24;  ///< pixels of the frame
    Time trackTimeout = 1000 * millisecond;
    Time encodeInterval = 200 * millisecond;
    Time refreshInterval = 2000 * millisecond;
    double updateThreshold = 0.5;  ///< growth of the total confidence that causes an update
    float yaw = 0;                 ///< of the drawn view, degrees
    /// Minimum cosine of two embeddings of one person. -1: the models' threshold for faces that come back and after
    /// occlusions; the threshold that strangerRate implies for names.
    double matchThreshold = -1;
    double strangerRate = 0.01;  ///< probability that a face whose person is not in the gallery gets a name, in (0, 1)
    bool frontals = true;        ///< keep TrackInfo::frontal up to date
};

}  // namespace drgan

#endif
