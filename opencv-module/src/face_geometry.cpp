// SPDX-License-Identifier: Apache-2.0
#include "opencv2/drgan/face_geometry.hpp"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "opencv2/drgan/model_contract.hpp"

namespace cv {
namespace drgan {

namespace {

/// The pixels of a picture that the crop can touch: what its corners span and a margin for interpolation. Where the
/// crop lies outside the picture, the border pixels nearest to it. Never empty.
Rect touchedPixels(const Matx23d& cropToPicture, int cropSize, double margin, Size picture) {
    double x0 = DBL_MAX, y0 = DBL_MAX, x1 = -DBL_MAX, y1 = -DBL_MAX;
    for (const int cy : {-1, cropSize}) {
        for (const int cx : {-1, cropSize}) {
            const Vec2d p = cropToPicture * Vec3d(cx, cy, 1);
            x0 = std::min(x0, p[0]);
            x1 = std::max(x1, p[0]);
            y0 = std::min(y0, p[1]);
            y1 = std::max(y1, p[1]);
        }
    }
    const auto clampTo = [](double v, int lo, int hi) {
        return static_cast<int>(std::min<double>(std::max<double>(v, lo), hi));
    };
    const int left = clampTo(std::floor(x0 - margin), 0, picture.width - 1);
    const int top = clampTo(std::floor(y0 - margin), 0, picture.height - 1);
    const int right = clampTo(std::ceil(x1 + margin) + 1, left + 1, picture.width);
    const int bottom = clampTo(std::ceil(y1 + margin) + 1, top + 1, picture.height);
    return Rect(left, top, right - left, bottom - top);
}

/// Blurs what lies outside the picture (mirrored so far) until it shows no second face. A repeated border would draw
/// streaks, which recognisers mistake for features: on tight pictures (CFP) that costs 12 points of TAR at FAR 0.1 %.
void blurOutside(const Matx23d& cropToPicture, Size picture, Mat& crop) {
    const double last = crop.cols - 1;
    bool inside = true;
    for (const Vec3d& corner : {Vec3d(0, 0, 1), Vec3d(last, 0, 1), Vec3d(0, last, 1), Vec3d(last, last, 1)}) {
        const Vec2d p = cropToPicture * corner;
        inside = inside && p[0] >= 0 && p[1] >= 0 && p[0] <= picture.width - 1 && p[1] <= picture.height - 1;
    }
    if (inside) {
        return;
    }
    Mat within, blurred;
    warpAffine(Mat(picture, CV_8U, Scalar(255)), within, cropToPicture, crop.size(), INTER_NEAREST | WARP_INVERSE_MAP);
    const int window = std::max(1, crop.cols / 4);
    blur(crop, blurred, Size(window, window));
    blur(blurred, blurred, Size(window, window));
    crop.copyTo(blurred, within);
    crop = blurred;
}

}  // namespace

FaceSquare faceSquare(const Point2d& eyes, const Point2d& mouth) {
    const Point2d eyesToMouth = mouth - eyes;
    const double distance = norm(eyesToMouth);
    FaceSquare square;
    square.side = distance / (contract::boxMouthY - contract::boxEyesY);
    square.down = eyesToMouth / distance;
    square.center = eyes + square.down * ((0.5 - contract::boxEyesY) * square.side);
    return square;
}

Matx23d cropTransform(const FaceSquare& square, int size) {
    const Point2d down = square.down * (square.side / size), right(down.y, -down.x);  // of one pixel
    const Point2d origin = square.center - (right + down) * (size / 2.0);
    return Matx23d(right.x, down.x, origin.x, right.y, down.y, origin.y);
}

Mat cropSquare(const Mat& picture, const Matx23d& cropToPicture, int size) {
    // Bilinear interpolation looks at 2x2 pixels: where a crop pixel covers more, the region is averaged down first.
    const double scale = norm(cropToPicture.col(1));
    const Rect region = touchedPixels(cropToPicture, size, 2 * std::max(1.0, scale), picture.size());
    Mat source = picture(region);
    Matx23d toPicture = cropToPicture;
    toPicture(0, 2) -= region.x;
    toPicture(1, 2) -= region.y;
    if (scale > 2) {
        Mat small;
        resize(source, small,
               Size(std::max(1, cvRound(region.width / scale)), std::max(1, cvRound(region.height / scale))), 0, 0,
               INTER_AREA);
        const double fx = static_cast<double>(small.cols) / region.width;
        const double fy = static_cast<double>(small.rows) / region.height;
        // resize() keeps the corners of the pictures together, not the centres of their first pixels: hence the 0.5.
        toPicture = Matx23d(toPicture(0, 0) * fx, toPicture(0, 1) * fx, (toPicture(0, 2) + 0.5) * fx - 0.5,
                            toPicture(1, 0) * fy, toPicture(1, 1) * fy, (toPicture(1, 2) + 0.5) * fy - 0.5);
        source = small;
    }
    Mat crop;
    warpAffine(source, crop, toPicture, Size(size, size), INTER_LINEAR | WARP_INVERSE_MAP, BORDER_REFLECT_101);
    blurOutside(toPicture, source.size(), crop);
    Mat bgr;
    switch (crop.channels()) {
        case 1:
            cvtColor(crop, bgr, COLOR_GRAY2BGR);
            return bgr;
        case 4:
            cvtColor(crop, bgr, COLOR_BGRA2BGR);
            return bgr;
        default:
            return crop;
    }
}

}  // namespace drgan
}  // namespace cv
