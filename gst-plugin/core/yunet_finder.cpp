// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <opencv2/drgan.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect/face.hpp>

#include "face_finder.hpp"

namespace drgan {
namespace {

constexpr float scoreThreshold = 0.6F;
constexpr float nmsThreshold = 0.3F;
constexpr int topK = 1000;

// YuNet's points are best on faces of about this size in pixels, and get worse beyond 200. A large face gets a second
// look at this size, in a square of `lookSide`, which costs about a tenth of the first look.
constexpr float bestFace = 110;
constexpr float largeFace = 160;
constexpr int lookSide = 224;

Face fromRow(const cv::Mat& rows, int i) {
    const auto* v = rows.ptr<float>(i);
    Face f;
    f.box = {v[0], v[1], v[2], v[3]};
    for (size_t k = 0; k < f.points.size(); ++k) {
        f.points[k] = {v[4 + 2 * k], v[5 + 2 * k]};
    }
    f.score = std::min(v[14], 1.F);
    f.origin = Points::measured;
    return f;
}

class YuNetFinder : public FaceFinder {
public:
    explicit YuNetFinder(const std::string& model) {
        if (!std::ifstream(model, std::ios::binary)) {
            CV_Error(cv::Error::StsObjectNotFound, "face detector '" + model + "' cannot be opened");
        }
        try {
            wide_ = open(model, {320, 320});
            close_ = open(model, {lookSide, lookSide});
            // Tells now, not on the first frame, whether this is a YuNet that this OpenCV can run.
            cv::Mat faces;
            close_->detect(cv::Mat::zeros(lookSide, lookSide, CV_8UC3), faces);
        } catch (const std::exception& e) {
            CV_Error(cv::Error::StsParseError, "face detector '" + model +
                                                   "' is not a YuNet that cv::FaceDetectorYN of OpenCV " +
                                                   cv::getVersionString() + " can run: " + e.what());
        }
    }

    int workingSide() const override { return 640; }
    float sureScore() const override { return 0.8F; }

    std::vector<Face> find(const cv::Mat& bgr, float minFace) override {
        // The network's coarsest stride is 32: a smaller picture has no cell to look at.
        cv::Mat picture = bgr;
        if (std::min(bgr.cols, bgr.rows) < 32) {
            cv::copyMakeBorder(bgr, picture, 0, std::max(0, 32 - bgr.rows), 0, std::max(0, 32 - bgr.cols),
                               cv::BORDER_CONSTANT);
        }
        if (picture.size() != wide_->getInputSize()) {
            wide_->setInputSize(picture.size());
        }
        cv::Mat rows;
        wide_->detect(picture, rows);
        std::vector<Face> faces;
        for (int i = 0; i < rows.rows; ++i) {
            Face f = fromRow(rows, i);
            if (std::max(f.box.width, f.box.height) < minFace || !cv::checkRange(rows.row(i))) {
                continue;
            }
            if (std::max(f.box.width, f.box.height) > largeFace) {
                lookCloser(picture, f);
            }
            f.yaw = cv::drgan::estimateYaw(f.row());
            faces.push_back(f);
        }
        std::sort(faces.begin(), faces.end(), [](const Face& a, const Face& b) { return a.score > b.score; });
        dropDuplicates(faces);
        return faces;
    }

private:
    static cv::Ptr<cv::FaceDetectorYN> open(const std::string& model, cv::Size size) {
        return cv::FaceDetectorYN::create(model, "", size, scoreThreshold, nmsThreshold, topK);
    }

    void lookCloser(const cv::Mat& picture, Face& face) {
        const float scale = bestFace / std::max(face.box.width, face.box.height);
        const cv::Point2f offset = cv::Point2f(lookSide / 2.F, lookSide / 2.F) - centre(face.box) * scale;
        const cv::Matx23f m(scale, 0, offset.x, 0, scale, offset.y);
        // Shrinking by less than 6 (640/110): one averaging step before the warp keeps it free of aliasing.
        cv::Mat look;
        cv::Mat smooth = picture;
        if (scale < 0.6F) {
            const int k = static_cast<int>(1 / scale) | 1;
            const cv::Rect around =
                cv::Rect(cv::Point(centre(face.box) - cv::Point2f(lookSide, lookSide) / (2 * scale)),
                         cv::Size2f(lookSide / scale, lookSide / scale)) &
                cv::Rect(cv::Point(), picture.size());
            smooth = picture.clone();
            cv::Mat part = smooth(around);
            cv::blur(part, part, {k, k});
        }
        cv::warpAffine(smooth, look, m, {lookSide, lookSide}, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
        cv::Mat rows;
        close_->detect(look, rows);
        for (int i = 0; i < rows.rows; ++i) {
            Face f = fromRow(rows, i);
            f.transform({1 / scale, 1 / scale}, -offset / scale);
            if (cv::checkRange(rows.row(i)) && overlap(f.box, face.box) > 0.5F) {
                face.points = f.points;
                face.score = std::max(face.score, f.score);
                return;
            }
        }
    }

    cv::Ptr<cv::FaceDetectorYN> wide_;
    cv::Ptr<cv::FaceDetectorYN> close_;
};

}  // namespace

void dropDuplicates(std::vector<Face>& faces) {
    std::vector<Face> kept;
    for (const auto& f : faces) {
        const bool twice = std::any_of(kept.begin(), kept.end(), [&](const Face& k) {
            const float common = (f.box & k.box).area();
            return overlap(f.box, k.box) > 0.4F || common > 0.7F * std::min(f.box.area(), k.box.area());
        });
        if (!twice) {
            kept.push_back(f);
        }
    }
    faces = std::move(kept);
}

std::unique_ptr<FaceFinder> FaceFinder::createYuNet(const std::string& model) {
    return std::make_unique<YuNetFinder>(model);
}

}  // namespace drgan
