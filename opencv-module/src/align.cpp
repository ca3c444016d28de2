// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "precomp.hpp"

namespace cv {
namespace drgan {

namespace {

// Coordinates beyond this are no picture's; it also keeps warpAffine's fixed-point arithmetic (x 1024) within int.
constexpr double maxCoordinate = 1e6;
// Closer than this (pixels), eyes and mouth do not say which way the face is turned.
constexpr double minEyeMouth = 0.5;
constexpr int maxCropSize = 4096;

struct Face {
    bool hasNose = false;
    Point2d eyes;   // midpoint, pixels
    Point2d mouth;  // midpoint of the corners, pixels
    Point2d nose;   // tip, pixels; landmarks only
};

Face fromLandmarks(const double* p) {
    Face face;
    face.hasNose = true;
    face.eyes = Point2d(p[0] + p[2], p[1] + p[3]) * 0.5;
    face.nose = Point2d(p[4], p[5]);
    face.mouth = Point2d(p[6] + p[8], p[7] + p[9]) * 0.5;
    return face;
}

Face fromBox(const double* box) {
    const double w = box[2];
    const double h = box[3];
    if (w < 1 || h < 1) {
        CV_Error(Error::StsBadArg, format("face: got a box of %g x %g pixels, expected at least 1 x 1", w, h));
    }
    const double side = std::max(w, h);
    const Point2d center(box[0] + w / 2, box[1] + h / 2);
    Face face;
    face.eyes = center + Point2d(0, (contract::boxEyesY - 0.5) * side);
    face.mouth = center + Point2d(0, (contract::boxMouthY - 0.5) * side);
    return face;
}

/// Reads any of the forms that alignCrop documents, and checks that the face has a size.
Face readFace(InputArray input) {
    static const char* const expected =
        "expected a FaceDetectorYN row (1x15), 5x2 landmarks or a box (1x4), of float, double or int";
    const Mat given = input.getMat();
    const int depth = given.depth();
    if (given.empty() || given.dims != 2 || (depth != CV_32F && depth != CV_64F && depth != CV_32S)) {
        CV_Error(Error::StsBadArg, format("face: got %s, %s", describe(given).c_str(), expected));
    }
    Mat m;
    given.convertTo(m, CV_64F);  // continuous, whatever `given` was
    const bool isVector = m.channels() == 1 && (m.rows == 1 || m.cols == 1);
    const bool isRow = isVector && m.total() == 15;
    const bool isBox = isVector && m.total() == 4;
    const bool isLandmarks = (m.channels() == 1 && m.rows == 5 && m.cols == 2) ||
                             (m.channels() == 2 && m.total() == 5 && (m.rows == 1 || m.cols == 1));
    if (!isRow && !isBox && !isLandmarks) {
        CV_Error(Error::StsBadArg, format("face: got %s, %s", describe(given).c_str(), expected));
    }
    const double* values = m.ptr<double>();
    const int count = static_cast<int>(m.total()) * m.channels();
    for (int i = 0; i < count; ++i) {
        if (!std::isfinite(values[i]) || std::abs(values[i]) > maxCoordinate) {
            CV_Error(Error::StsOutOfRange, format("face: value %d is %g, expected finite coordinates within +-%g", i,
                                                  values[i], maxCoordinate));
        }
    }
    const Face face = isBox ? fromBox(values) : fromLandmarks(isRow ? values + 4 : values);
    const double distance = norm(face.mouth - face.eyes);
    if (!isBox && distance < minEyeMouth) {
        CV_Error(Error::StsBadArg,
                 format("face: the midpoints of eyes and mouth are %g pixels apart, expected at least %g", distance,
                        minEyeMouth));
    }
    return face;
}

void checkAlignment(const Alignment& a) {
    const bool finite = std::isfinite(a.eyes.x) && std::isfinite(a.eyes.y) && std::isfinite(a.eyeMouth);
    if (a.size < 1 || a.size > maxCropSize || !finite || a.eyes.x < 0 || a.eyes.x > 1 || a.eyes.y < 0 || a.eyes.y > 1 ||
        a.eyeMouth < 0.01f || a.eyeMouth > 1) {
        CV_Error(Error::StsBadArg,
                 format("alignment: got size %d, eyes (%g, %g), eyeMouth %g; expected size in 1..%d, eyes in 0..1, "
                        "eyeMouth in 0.01..1",
                        a.size, a.eyes.x, a.eyes.y, a.eyeMouth, maxCropSize));
    }
}

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

void alignCrop(InputArray src, InputArray face, OutputArray dst, const Alignment& alignment) {
    const Mat picture = src.getMat();
    const int channels = picture.channels();
    if (picture.empty() || picture.dims != 2 || picture.depth() != CV_8U ||
        (channels != 1 && channels != 3 && channels != 4)) {
        CV_Error(Error::StsBadArg,
                 format("src: got %s, expected an 8-bit picture with 1 (grey), 3 (BGR) or 4 (BGRA) channels",
                        describe(picture).c_str()));
    }
    checkAlignment(alignment);
    const Face points = readFace(face);

    // The similarity from crop to picture: x grows along the eyes, y from the eyes to the mouth. Pixel centres lie at
    // whole numbers on both sides, as in warpAffine, so 0.5 is the crop's pixel S/2.
    const int size = alignment.size;
    const Point2d down = (points.mouth - points.eyes) / (static_cast<double>(alignment.eyeMouth) * size);
    const Point2d right(down.y, -down.x);
    const Point2d eyes = Point2d(alignment.eyes) * size;
    Matx23d toPicture(right.x, down.x, points.eyes.x - right.x * eyes.x - down.x * eyes.y,  //
                      right.y, down.y, points.eyes.y - right.y * eyes.x - down.y * eyes.y);

    // Bilinear interpolation looks at 2x2 pixels: where a crop pixel covers more, the region is averaged down first.
    const double scale = norm(down);
    const Rect region = touchedPixels(toPicture, size, 2 * std::max(1.0, scale), picture.size());
    Mat source = picture(region);
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
    if (channels == 1) {
        cvtColor(crop, dst, COLOR_GRAY2BGR);
    } else if (channels == 4) {
        cvtColor(crop, dst, COLOR_BGRA2BGR);
    } else {
        crop.copyTo(dst);
    }
}

float estimateYaw(InputArray face) {
    const Face points = readFace(face);
    if (!points.hasNose) {
        CV_Error(Error::StsBadArg,
                 "face: got a plain box, which has no yaw; expected a FaceDetectorYN row (1x15) or 5x2 landmarks");
    }
    // The nose tip's signed distance from the line eyes -> mouth, in units of that line's length; positive to the right
    // of a face that stands upright, whatever the roll.
    const Point2d down = points.mouth - points.eyes;
    const Point2d nose = points.nose - points.eyes;
    const double t = (nose.x * down.y - nose.y * down.x) / down.dot(down);
    // Odd polynomial, least squares over the 38,296 labelled faces of the training set. Mean absolute error by |yaw|:
    // 0-15: 2.2, 15-30: 3.4, 30-45: 4.9, 45-60: 7.1, 60-75: 9.0, 75-90: 11.7 degrees.
    const double yaw = 133.0 * t + 167.1 * t * t * t;
    return static_cast<float>(std::min(90.0, std::max(-90.0, yaw)));
}

}  // namespace drgan
}  // namespace cv
