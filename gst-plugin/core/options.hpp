// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_OPTIONS_HPP
#define DRGAN_CORE_OPTIONS_HPP

#include "tracking/tracker.hpp"

namespace drgan {

/// What a stream's user decides of a Pipeline.
struct PipelineOptions {
    /// Frames from one detection to the next; sooner where a track is missed and, with an aligner, while none is
    /// followed. 0: never, only upstream's faces are used.
    int detectInterval = 5;
    int maxFaces = 16;
    float minFaceSize = 24;  ///< pixels of the frame
    Time trackTimeout = 1000 * millisecond;
    Time encodeInterval = 200 * millisecond;
    Time refreshInterval = 2000 * millisecond;
    double updateThreshold = 0.5;  ///< growth of the total confidence that is news
    float yaw = 0;                 ///< of the drawn view, degrees
    /// Cosine at or above which two embeddings are one person. -1: the models' threshold where a face comes back or
    /// crosses another one; for names, the threshold that strangerRate implies.
    double matchThreshold = -1;
    double strangerRate = 0.01;  ///< chance that a face whose person is not in the gallery gets a name, in (0, 1)
    bool frontals = true;        ///< keep TrackInfo::frontal up to date
};

}  // namespace drgan

#endif
