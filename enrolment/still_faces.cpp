// SPDX-License-Identifier: Apache-2.0
#include "still_faces.hpp"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "picture_file.hpp"

namespace drgan::enrolment {
namespace {

// The encoder's confidence tells better than the detector's score which orientation is upright. Measured on 400
// portraits and profiles: with these two values none of the upright ones is rotated, and 98 % of the rotated ones are
// corrected; the confidence of two thirds of the upright ones, and of one in 1200 rotated ones, is above `convincing`.
constexpr float convincing = 0.5F;
constexpr float clearlyMore = 0.05F;

constexpr float leastConfidence = 0.3F;  // of a face; 99 % of those 400 have more
constexpr double clearly = 2;            // ratio of areas
constexpr double border =
    0.2;  // added on each side, a share of it, as in findMain: portraits are often cropped tightly
constexpr int leastSide = 256;  // minimum longer side of the picture in which faces are detected, pixels

cv::Rect2f boxOf(const cv::Mat& faces, int i) {
    const float* const row = faces.ptr<float>(i);
    return {row[0], row[1], row[2], row[3]};
}

/// Intersection over the smaller of the two boxes, in [0, 1].
float intersectionOverSmaller(const cv::Rect2f& a, const cv::Rect2f& b) {
    return (a & b).area() / std::min(a.area(), b.area());
}

std::string sizeOf(const cv::Rect2f& box) { return cv::format("%.0fx%.0f", box.width, box.height); }

}  // namespace

StillFaces::StillFaces(const std::string& bundle, const std::string& detector)
    : bundle_(cv::drgan::Bundle::load(bundle)),
      encoder_(cv::drgan::Encoder::create(bundle_.encoder)),
      finder_(cv::drgan::FaceFinder::create(detector, bundle_.folder)) {}

bool StillFaces::embed(const cv::Mat& picture, StillFace& face) {
    cv::Mat row;
    if (!finder_->findMain(picture, row)) {
        return false;
    }
    face.picture = picture;
    face.box = boxOf(row, 0);
    face.yaw = cv::drgan::estimateYaw(row);
    encoder_->alignCrop(picture, row, face.aligned);
    encoder_->feature(face.aligned, face.embedding, face.confidence);
    return true;
}

StillFace StillFaces::read(const std::string& file, bool alone) {
    const Picture picture = readPicture(file);
    StillFace best;
    int turns = 0;
    bool found = embed(picture.pixels, best);
    if (!found || best.confidence < convincing) {
        const float least = found ? best.confidence + clearlyMore : -1;
        cv::Mat pixels = picture.pixels;
        for (int i = 1; i < 4; ++i) {
            cv::Mat next;
            cv::rotate(pixels, next, cv::ROTATE_90_CLOCKWISE);
            pixels = next;
            StillFace other;
            if (embed(pixels, other) && other.confidence > std::max(best.confidence, least)) {
                best = other;
                turns = i;
                found = true;
            }
        }
    }
    if (!found) {
        throw std::runtime_error("no face found");
    }
    best.orientation = turned(picture.orientation, turns);
    if (turns > 0) {
        best.note = cv::format("turned by %d degrees clockwise, as the face was not upright", 90 * turns);
    }
    if (alone) {
        checkAlone(best);
    }
    return best;
}

// A profile is often detected twice, the second time around the ear. If boxes overlap, the encoder tells an ear, or the
// same face, from a neighbour.
bool StillFaces::isAnother(const cv::Mat& row, const StillFace& face) {
    const float common = intersectionOverSmaller(boxOf(row, 0), face.box);
    if (common < 0.25F || common > 0.6F) {
        return common < 0.25F;
    }
    cv::Mat aligned, embedding;
    float confidence = 0;
    encoder_->alignCrop(face.picture, row, aligned);
    encoder_->feature(aligned, embedding, confidence);
    return confidence >= leastConfidence && encoder_->match(embedding, face.embedding) < bundle_.matchThreshold;
}

void StillFaces::checkAlone(StillFace& face) {
    const cv::Size size = face.picture.size();
    const int most = cvRound(finder_->workingSide() / (1 + 2 * border));
    const int longer = std::max(size.width, size.height);
    const double scale = static_cast<double>(std::clamp(longer, std::min(leastSide, most), most)) / longer;
    cv::Mat view, found;
    cv::resize(face.picture, view,
               {std::max(32, cvRound(size.width * scale)), std::max(32, cvRound(size.height * scale))}, 0, 0,
               scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
    const cv::Point2f back(static_cast<float>(size.width) / static_cast<float>(view.cols),
                           static_cast<float>(size.height) / static_cast<float>(view.rows));
    const int x = cvRound(view.cols * border), y = cvRound(view.rows * border);
    cv::copyMakeBorder(view, view, y, y, x, x, cv::BORDER_REPLICATE);
    finder_->find(view, found);
    int faces = 1;
    cv::Rect2f next;
    for (int i = 0; i < found.rows; ++i) {
        auto* const row = found.ptr<float>(i);
        row[2] *= back.x;
        row[3] *= back.y;
        for (const int k : {0, 4, 6, 8, 10, 12}) {
            row[k] = (row[k] - static_cast<float>(x)) * back.x;
            row[k + 1] = (row[k + 1] - static_cast<float>(y)) * back.y;
        }
        if (!isAnother(found.row(i), face)) {
            continue;
        }
        const cv::Rect2f box = boxOf(found, i);
        ++faces;
        if (box.area() > next.area()) {
            next = box;
        }
    }
    if (face.box.area() < clearly * next.area()) {
        throw std::runtime_error(
            cv::format("%d faces, and the one in the middle (%s pixels) is not twice as large as the next (%s): crop "
                       "it to the person",
                       faces, sizeOf(face.box).c_str(), sizeOf(next).c_str()));
    }
    if (faces > 1) {
        face.note += (face.note.empty() ? "" : "; ") +
                     cv::format("the largest of %d faces was used (%s pixels)", faces, sizeOf(face.box).c_str());
    }
}

}  // namespace drgan::enrolment
