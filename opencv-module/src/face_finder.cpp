// SPDX-License-Identifier: Apache-2.0
#include "face_finder.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "picture.hpp"

namespace cv {
namespace drgan {

namespace {

constexpr double bestFace = 110;                   // pixels: YuNet's landmarks are best on faces of about this size
constexpr double looks[] = {256, 512, 128, 1024};  // longer side of a still, tried until a face is found
constexpr double largestLook = 2048;
constexpr double border = 0.2;  // added to a still on each side, in units of the side

/// How much a box looks like what the picture is about: large and in the middle.
double prominence(const Rect2f& box, Size picture) {
    const Point2d offset(box.x + box.width / 2 - picture.width / 2.0, box.y + box.height / 2 - picture.height / 2.0);
    const double away = std::hypot(offset.x / picture.width, offset.y / picture.height);  // 0 .. 0.7
    return box.area() * std::max(0.05, 1 - 1.5 * away);
}

/// The most prominent face at a scale, in pixels of `picture`; score 0: none.
FaceRow look(FaceFinder& finder, const Mat& picture, double scale) {
    const Size size(std::max(32, cvRound(picture.cols * scale)), std::max(32, cvRound(picture.rows * scale)));
    Mat scaled, found;
    resize(picture, scaled, size, 0, 0, scale < 1 ? INTER_AREA : INTER_LINEAR);
    // Portraits are often cut close, and detectors know faces with something around them.
    const int x = cvRound(size.width * border), y = cvRound(size.height * border);
    copyMakeBorder(scaled, scaled, y, y, x, x, BORDER_REPLICATE);
    finder.find(scaled, found);
    FaceRow best = FaceRow::all(0);
    double most = 0;
    for (int i = 0; i < found.rows; ++i) {
        FaceRow row(found.ptr<float>(i));
        transform(row, Point2f(1, 1), Point2f(static_cast<float>(-x), static_cast<float>(-y)));
        if (prominence(boxOf(row), size) > most) {
            most = prominence(boxOf(row), size);
            best = row;
        }
    }
    transform(best,
              Point2f(static_cast<float>(picture.cols) / static_cast<float>(size.width),
                      static_cast<float>(picture.rows) / static_cast<float>(size.height)),
              Point2f());
    return best;
}

}  // namespace

Rect2f boxOf(const FaceRow& row) { return Rect2f(row[0], row[1], row[2], row[3]); }

double iou(const Rect2f& a, const Rect2f& b) { return 1 - jaccardDistance(a, b); }

float largerSide(const FaceRow& row) { return std::max(row[2], row[3]); }

void transform(FaceRow& row, Point2f scale, Point2f offset) {
    row[2] *= scale.x;
    row[3] *= scale.y;
    for (int i : {0, 4, 6, 8, 10, 12}) {
        row[i] = row[i] * scale.x + offset.x;
        row[i + 1] = row[i + 1] * scale.y + offset.y;
    }
}

void keepBest(std::vector<FaceRow>& rows) {
    std::stable_sort(rows.begin(), rows.end(), [](const FaceRow& a, const FaceRow& b) { return a[14] > b[14]; });
    std::vector<FaceRow> kept;
    for (const FaceRow& row : rows) {
        const bool twice = std::any_of(kept.begin(), kept.end(), [&](const FaceRow& k) {
            const Rect2f a = boxOf(row), b = boxOf(k);
            return iou(a, b) > 0.4 || (a & b).area() > 0.7F * std::min(a.area(), b.area());
        });
        if (!twice) {
            kept.push_back(row);
        }
    }
    rows = kept;
}

void write(const std::vector<FaceRow>& rows, OutputArray faces) {
    if (rows.empty()) {
        faces.release();
        return;
    }
    Mat(static_cast<int>(rows.size()), 15, CV_32F, const_cast<float*>(rows[0].val)).copyTo(faces);
}

bool FaceFinder::findMain(InputArray image, OutputArray face) {
    const Mat picture = pictureBgr(image, "image");
    const double longer = std::max(picture.cols, picture.rows);
    for (double side : looks) {
        if (side > 1.7 * workingSide()) {
            break;
        }
        const double scale = side / longer;
        FaceRow row = look(*this, picture, scale);
        if (largerSide(row) < 1) {
            continue;
        }
        const double better = bestFace / largerSide(row);
        if (measuresLandmarks() && (better < 0.8 * scale || better > 1.25 * scale)) {
            const FaceRow again = look(*this, picture, std::min(better, largestLook / longer));
            row = iou(boxOf(row), boxOf(again)) > 0.3 ? again : row;
        }
        write(std::vector<FaceRow>(1, row), face);
        return true;
    }
    face.release();
    return false;
}

Ptr<FaceFinder> FaceFinder::create(const String& model, const String& bundle, int backendId, int targetId) {
    return model.empty() ? createBundleFinder(Bundle::load(bundle), backendId, targetId)
                         : createYuNetFinder(model, backendId, targetId);
}

}  // namespace drgan
}  // namespace cv
