// SPDX-License-Identifier: Apache-2.0
#include "align.hpp"

#include <algorithm>
#include <cmath>

#include "opencv2/drgan/face_geometry.hpp"
#include "picture.hpp"

namespace cv {
namespace drgan {

namespace {

constexpr int maxCropSize = 4096;

FacePoints pointsInBox(const double* box, const std::string& name) {
    const double w = box[2];
    const double h = box[3];
    if (w < 1 || h < 1) {
        CV_Error(Error::StsBadArg,
                 format("%s: got a box of %g x %g pixels, expected at least 1 x 1", name.c_str(), w, h));
    }
    const double side = std::max(w, h);
    const Point2d center(box[0] + w / 2, box[1] + h / 2);
    FacePoints face;
    face.eyes = center + Point2d(0, (contract::boxEyesY - 0.5) * side);
    face.mouth = center + Point2d(0, (contract::boxMouthY - 0.5) * side);
    return face;
}

void checkCoordinates(const double* values, int count, const std::string& name) {
    for (int i = 0; i < count; ++i) {
        if (!std::isfinite(values[i]) || std::abs(values[i]) > maxCoordinate) {
            CV_Error(Error::StsOutOfRange, format("%s: value %d is %g, expected finite coordinates within +-%g",
                                                  name.c_str(), i, values[i], maxCoordinate));
        }
    }
}

void checkDistance(const FacePoints& face, const std::string& name) {
    const double distance = norm(face.mouth - face.eyes);
    if (distance < minEyeMouth) {
        CV_Error(Error::StsBadArg,
                 format("%s: the midpoints of eyes and mouth are %g pixels apart, expected at least %g", name.c_str(),
                        distance, minEyeMouth));
    }
}

/// What a face argument gave.
struct Face {
    FacePoints points;
    bool hasNose = false;
    bool hasYaw = false;
    double yaw = 0;  // degrees
};

/// Reads any of the forms that alignCrop documents, and checks that the face has a size.
Face readFace(InputArray input) {
    static const char* const expected =
        "expected a row of FaceDetectorYN (1x15) or Aligner (1x16), 5x2 landmarks or a box (1x4), of float, double or "
        "int";
    static const std::string name = "face";
    const Mat given = matrix(input);
    const int depth = given.depth();
    if (given.empty() || given.dims != 2 || (depth != CV_32F && depth != CV_64F && depth != CV_32S)) {
        CV_Error(Error::StsBadArg, format("face: got %s, %s", describe(given).c_str(), expected));
    }
    Mat m;
    given.convertTo(m, CV_64F);  // continuous, whatever `given` was
    const double* values = m.ptr<double>();
    const int count = static_cast<int>(m.total());
    const bool isVector = m.channels() == 1 && (m.rows == 1 || m.cols == 1);
    const bool isLandmarks = (m.channels() == 1 && m.rows == 5 && m.cols == 2) ||
                             (m.channels() == 2 && count == 5 && (m.rows == 1 || m.cols == 1));
    Face face;
    if (isLandmarks) {
        checkCoordinates(values, 10, name);
        face.points = pointsOf(values);
        checkDistance(face.points, name);
        face.hasNose = true;
    } else if (isVector && (count == boxValues || count == detectorValues || count == alignerValues)) {
        face.points = readRow(values, count, name);
        face.hasNose = count != boxValues;
        face.hasYaw = count == alignerValues;
        face.yaw = face.hasYaw ? values[alignerValues - 1] : 0;
    } else {
        CV_Error(Error::StsBadArg, format("face: got %s, %s", describe(given).c_str(), expected));
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

}  // namespace

FacePoints pointsOf(const double* p) {
    FacePoints face;
    face.eyes = Point2d(p[0] + p[2], p[1] + p[3]) * 0.5;
    face.nose = Point2d(p[4], p[5]);
    face.mouth = Point2d(p[6] + p[8], p[7] + p[9]) * 0.5;
    return face;
}

FacePoints readRow(const double* values, int count, const std::string& name) {
    checkCoordinates(values, count, name);
    if (count == boxValues) {
        return pointsInBox(values, name);
    }
    const FacePoints face = pointsOf(values + boxValues);
    checkDistance(face, name);
    return face;
}

void alignCrop(InputArray src, InputArray face, OutputArray dst, const Alignment& alignment) {
    const Mat picture = picture8u(src, "src");
    checkAlignment(alignment);
    const FacePoints points = readFace(face).points;

    // x grows along the eyes, y from the eyes to the mouth; 0.5 is the crop's pixel S/2.
    const int size = alignment.size;
    const Point2d down = (points.mouth - points.eyes) / (static_cast<double>(alignment.eyeMouth) * size);
    const Point2d right(down.y, -down.x);
    const Point2d eyes = Point2d(alignment.eyes) * size;
    const Matx23d toPicture(right.x, down.x, points.eyes.x - right.x * eyes.x - down.x * eyes.y,  //
                            right.y, down.y, points.eyes.y - right.y * eyes.x - down.y * eyes.y);
    cropSquare(picture, toPicture, size).copyTo(dst);
}

float estimateYaw(InputArray face) {
    const Face given = readFace(face);
    if (given.hasYaw) {
        if (std::abs(given.yaw) > 90) {
            CV_Error(Error::StsOutOfRange,
                     format("face: value %d is %g, expected a yaw in -90..90", alignerValues - 1, given.yaw));
        }
        return static_cast<float>(given.yaw);
    }
    if (!given.hasNose) {
        CV_Error(Error::StsBadArg,
                 "face: got a plain box, which has no yaw; expected a row of FaceDetectorYN (1x15) or Aligner (1x16), "
                 "or 5x2 landmarks");
    }
    const FacePoints& points = given.points;
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
