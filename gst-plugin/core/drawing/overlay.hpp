// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_OVERLAY_HPP
#define DRGAN_CORE_OVERLAY_HPP

#include <vector>

#include "frame/frame_view.hpp"
#include "overlay_plate.hpp"

namespace drgan {

/// A colour (BGR) for as long as it is the same face. Where it has a name, the name's: one person has one colour in all
/// streams.
cv::Scalar colourOf(const TrackInfo& track);

/// Draws a box, a plate (makePlate) and the frontal view beside each head. Touches no pixel but those it covers.
/// @param spell how names are written
void drawOverlay(FrameView& frame, const std::vector<TrackInfo>& tracks, const Spelling& spell = plainSpelling);

}  // namespace drgan

#endif
