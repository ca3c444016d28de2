// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_OVERLAY_HPP
#define DRGAN_CORE_OVERLAY_HPP

#include <vector>

#include "frame_view.hpp"
#include "pipeline.hpp"

namespace drgan {

/// The colour (BGR) that a track keeps as long as it lives.
cv::Scalar trackColour(int id);

/// Draws box, "#id yaw confidence" and the frontal view beside each head. Touches no pixel but those it covers.
void drawOverlay(FrameView& frame, const std::vector<TrackInfo>& tracks);

}  // namespace drgan

#endif
