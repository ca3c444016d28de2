// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace drgan {

/// A detector's box in a picture, pixels.
struct ScoredBox {
    double x = 0, y = 0, width = 0, height = 0;
    double score = 0;  ///< not used of a true box
};

/// Intersection over union, 0..1.
double overlap(const ScoredBox& a, const ScoredBox& b);

/// Which faces are asked for: by the larger side of the box, pixels, from `least` to below `most`.
struct SizeRange {
    double least = 0, most = 1e9;
    bool holds(const ScoredBox& box) const;
};

/// Average precision as of PASCAL VOC since 2010: the area under the precision, made falling, over the recall.
///
/// Detections are taken by falling score; one is right if its overlap with a true box that no earlier one has taken is
/// at least `least`. True boxes out of the range are neither asked for nor wrong to find; a detection that matches
/// nothing is wrong if its own size is in the range.
/// @param found, truth by picture
/// @return 0..1; NaN if no true box is in the range
double averagePrecision(const std::vector<std::vector<ScoredBox>>& found,
                        const std::vector<std::vector<ScoredBox>>& truth, const SizeRange& range, double least = 0.5);

}  // namespace drgan
