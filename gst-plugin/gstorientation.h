// SPDX-License-Identifier: Apache-2.0
//
// Videos that were filmed with the camera on its side: their tag image-orientation says how to turn them.
#ifndef GST_DRGAN_ORIENTATION_H
#define GST_DRGAN_ORIENTATION_H

#include <gst/gst.h>

#include <string>

namespace drgan {

/// What a tag event says of the frames that come to a pad, if they are not upright: nobody upstream turns them.
/// @param sink the pad; elements before it are asked, as videoflip leaves the tag as it was before GStreamer 1.24
/// @return the tag's value, as "rotate-90"; empty: upright (mirrored, perhaps), or the event says nothing of it
std::string unturned(GstEvent* tagEvent, GstPad* sink);

}  // namespace drgan

#endif
