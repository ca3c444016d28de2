// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_OVERLAY_HPP
#define DRGAN_CORE_OVERLAY_HPP

#include <vector>

#include "frame/frame_view.hpp"
#include "overlay_plate.hpp"

namespace drgan {

/// The colour (BGR) of a track: that of its name or visitor's id, if it has one, so that a person has the same colour
/// in all streams.
cv::Scalar colourOf(const TrackInfo& track);

/// Draws a box, a plate (makePlate) and the frontal view beside each head. Changes no other pixels.
/// @param spell converts names to ASCII
void drawOverlay(FrameView& frame, const std::vector<TrackInfo>& tracks, const Spelling& spell = plainSpelling);

}  // namespace drgan

#endif
