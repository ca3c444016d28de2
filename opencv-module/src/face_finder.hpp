// SPDX-License-Identifier: Apache-2.0

#ifndef OPENCV_DRGAN_FACE_FINDER_HPP
#define OPENCV_DRGAN_FACE_FINDER_HPP

#include <vector>

#include "precomp.hpp"

namespace cv {
namespace drgan {

/// A row of FaceFinder::find: x, y, w, h, five points, score.
typedef Vec<float, 15> FaceRow;

Rect2f boxOf(const FaceRow& row);

/// Intersection over union, in [0, 1]; of two boxes without an area 1.
double iou(const Rect2f& a, const Rect2f& b);
float largerSide(const FaceRow& row);

/// new = old * scale + offset, for the box and the points.
void transform(FaceRow& row, Point2f scale, Point2f offset);

/// Best first, every face that lies mostly on a better one dropped.
void keepBest(std::vector<FaceRow>& rows);

void write(const std::vector<FaceRow>& rows, OutputArray faces);

Ptr<FaceFinder> createBundleFinder(const Bundle& bundle, int backendId, int targetId);
Ptr<FaceFinder> createYuNetFinder(const String& model, int backendId, int targetId);

}  // namespace drgan
}  // namespace cv

#endif
