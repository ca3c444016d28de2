// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_EXAMPLES_VIDEO_SOURCE_HPP
#define DRGAN_EXAMPLES_VIDEO_SOURCE_HPP

#include <string>
#include <vector>

namespace drgan::examples {

/// Whether the input is live: a camera or a network stream (rtsp, udp, ...), not a file or HTTP.
bool isLive(const std::string& input);

/// The arguments of gst-launch-1.0 that decode the input: upright, with square pixels.
/// @param input file, URI or /dev/videoN
/// @throws std::runtime_error if the input does not exist.
std::vector<std::string> describeSource(const std::string& input);

}  // namespace drgan::examples

#endif
