// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include "backend.hpp"
#include "face_finder.hpp"
#include "picture.hpp"

namespace cv {
namespace drgan {

namespace {

constexpr float scoreThreshold = 0.6F;
constexpr float nmsThreshold = 0.3F;
constexpr int topK = 1000;

// YuNet's landmarks are most accurate on faces of about this size in pixels, and less accurate beyond 200. For a large
// face, they are detected again at this size in a square of `cropSide` pixels, which takes about a tenth of the time of
// the first detection.
constexpr float bestFace = 110;
constexpr float largeFace = 160;
constexpr int cropSide = 224;

// cv::FaceDetectorYN reads other outputs since OpenCV 4.8.
#if CV_VERSION_MAJOR > 4 || (CV_VERSION_MAJOR == 4 && CV_VERSION_MINOR >= 8)
constexpr const char* yuNetYear = "YuNet of 2023 or later";
#else
constexpr const char* yuNetYear = "YuNet of 2022";
#endif

class YuNetFinder : public FaceFinder {
public:
    YuNetFinder(const std::string& model, int backendId, int targetId)
        : model_(model), backendId_(backendId), targetId_(targetId) {
        if (!std::ifstream(model, std::ios::binary)) {
            CV_Error(Error::StsObjectNotFound, "face detector '" + model + "' cannot be opened");
        }
        backendId = checkBackend(backendId, targetId, model);
        checkDefaultEngine(backendId, targetId, model);
        try {
            wide_ = open(model, Size(320, 320), backendId, targetId);
            close_ = open(model, Size(cropSide, cropSide), backendId, targetId);
            // Checks that this is a YuNet that this OpenCV can run.
            Mat faces;
            close_->detect(Mat::zeros(cropSide, cropSide, CV_8UC3), faces);
        } catch (const std::exception& e) {
            CV_Error(Error::StsParseError,
                     "face detector '" + model + "' is not a YuNet that cv::FaceDetectorYN of OpenCV " +
                         getVersionString() + " can run, which is a " + yuNetYear + ": " + e.what());
        }
    }

    int workingSide() const CV_OVERRIDE { return 640; }
    float sureScore() const CV_OVERRIDE { return 0.8F; }
    bool measuresLandmarks() const CV_OVERRIDE { return true; }

    // cv::FaceDetectorYN of OpenCV 4.6 can read its model only from a file.
    Ptr<FaceFinder> clone() const CV_OVERRIDE { return makePtr<YuNetFinder>(model_, backendId_, targetId_); }

    void find(InputArray image, OutputArray faces, float minFace) CV_OVERRIDE {
        Mat picture = pictureBgr(image, "image");
        // The network's coarsest stride is 32: a smaller picture has no cell.
        if (std::min(picture.cols, picture.rows) < 32) {
            Mat padded;
            copyMakeBorder(picture, padded, 0, std::max(0, 32 - picture.rows), 0, std::max(0, 32 - picture.cols),
                           BORDER_CONSTANT);
            picture = padded;
        }
        if (picture.size() != wide_->getInputSize()) {
            wide_->setInputSize(picture.size());
        }
        Mat found;
        wide_->detect(picture, found);
        std::vector<FaceRow> rows;
        for (int i = 0; i < found.rows; ++i) {
            FaceRow row(found.ptr<float>(i));
            if (!checkRange(found.row(i)) || largerSide(row) < minFace) {
                continue;
            }
            row[14] = std::min(row[14], 1.F);
            if (largerSide(row) > largeFace) {
                refineLandmarks(picture, row);
            }
            rows.push_back(row);
        }
        keepBest(rows);
        write(rows, faces);
    }

private:
    static Ptr<FaceDetectorYN> open(const std::string& model, Size size, int backendId, int targetId) {
        return FaceDetectorYN::create(model, "", size, scoreThreshold, nmsThreshold, topK, backendId, targetId);
    }

    void refineLandmarks(const Mat& picture, FaceRow& row) {
        const Rect2f box = boxOf(row);
        const Point2f middle(box.x + box.width / 2, box.y + box.height / 2);
        const float scale = bestFace / largerSide(row);
        const float half = cropSide / 2.F;
        // Scaling down by averaging avoids aliasing.
        const Rect around =
            Rect(Point(middle - Point2f(half, half) / scale), Size(Size2f(2 * half, 2 * half) / scale)) &
            Rect(Point(), picture.size());
        if (around.empty()) {
            return;
        }
        Mat part;
        resize(picture(around), part, Size(), scale, scale, INTER_AREA);
        const Point2f back(static_cast<float>(around.width) / static_cast<float>(part.cols),
                           static_cast<float>(around.height) / static_cast<float>(part.rows));
        const int right = std::max(0, cropSide - part.cols), below = std::max(0, cropSide - part.rows);
        Mat crop, found;
        copyMakeBorder(part(Rect(0, 0, std::min(part.cols, cropSide), std::min(part.rows, cropSide))), crop, 0, below,
                       0, right, BORDER_REPLICATE);
        close_->detect(crop, found);
        for (int i = 0; i < found.rows; ++i) {
            FaceRow seen(found.ptr<float>(i));
            transform(seen, back, Point2f(around.tl()));
            if (checkRange(found.row(i)) && iou(boxOf(seen), box) > 0.5) {
                std::copy(seen.val + 4, seen.val + 14, row.val + 4);
                row[14] = std::max(row[14], std::min(seen[14], 1.F));
                return;
            }
        }
    }

    const std::string model_;
    const int backendId_, targetId_;
    Ptr<FaceDetectorYN> wide_, close_;
};

}  // namespace

Ptr<FaceFinder> createYuNetFinder(const String& model, int backendId, int targetId) {
    return makePtr<YuNetFinder>(model, backendId, targetId);
}

}  // namespace drgan
}  // namespace cv
