// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "nn/graph/graph.hpp"

namespace drgan::exporting {

/// The network's nodes with what makes cv::dnn take its fast road through depthwise 3x3 convolutions of narrow maps.
///
/// Up to OpenCV 4.6 that road is for maps 18 columns wide or more; narrower ones take three to seven times as long.
/// Such a map is filled up with zeros on its right, which is what the convolution's own padding holds there, and its
/// result is cut back: the same values, sooner. The modules are those of the network. docs/speed.md has the times.
std::vector<nn::Node> withNarrowMapsFilled(const nn::GraphImpl& network);

/// Whether node `i`'s result goes into the next node, which is one of `kinds`, and nowhere else.
bool feedsNextAlone(const nn::GraphImpl& network, const std::vector<nn::Node>& nodes, size_t i,
                    const std::set<std::string>& kinds);

}  // namespace drgan::exporting
