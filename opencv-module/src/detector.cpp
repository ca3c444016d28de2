// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <cfloat>
#include <cmath>
#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>

#include "align.hpp"
#include "contract.hpp"
#include "face_finder.hpp"
#include "network.hpp"
#include "picture.hpp"

namespace cv {
namespace drgan {

namespace {

constexpr int levels = 3;
static_assert(sizeof(contract::detectorStrides) / sizeof(int) == levels, "one stride for each map");
constexpr int multiple = 32;  // of which the network's sides are
// Pixels, of the network's sides: where its coarsest map is one cell wide or high, OpenCV 4.10 and the classic engine
// of 5.0 compute values that are wrong, and not the same each time.
constexpr int leastNetworkSide = 2 * multiple;
static_assert(contract::detectorStrides[levels - 1] == multiple, "the coarsest map has whole cells");

constexpr int leastSide = 32, mostSide = 8192;  // pixels, of setMaxSide()
// Coarser scales are for large faces: only faces above this share of S are added there; the finer scale detects others
// better.
constexpr float minCoarseFace = 0.2F;
constexpr int coarser = 4;  // one scale / the next: the network knows faces of 1/32 of S to S

bool inPicture(const FaceRow& row) {
    // NaN fails too.
    return row[2] > 0 && row[3] > 0 &&
           std::all_of(row.val, row.val + detectorValues, [](float v) { return std::abs(v) <= maxCoordinate; });
}

/// The network for one scale of the picture. Each scale has its own, because cv::dnn plans its memory again whenever
/// the size of the input changes.
class ScaleNetwork {
public:
    ScaleNetwork(const ModelBytes& model, const std::string& where, int backendId, int targetId)
        : net_(model, where, backendId, targetId) {}

    /// Runs the network on a square and on another shape, so that a network of fixed input size fails here.
    void verify() {
        for (const Size& size : {Size(leastNetworkSide, leastNetworkSide), Size(3 * multiple, 2 * multiple)}) {
            net_.verify({input(size)}, outputs(size));
        }
    }

    /// Appends the detections in a picture, in its pixels. @param picture its sides are multiples of 32
    void run(const Mat& picture, const DetectorContract& contract, float threshold, std::vector<FaceRow>& rows) {
        Mat blob(input(picture.size()).shape, CV_32F);
        writePlanes(picture, contract.pixelLow, contract.pixelHigh, 0, blob);
        const std::vector<Mat> maps = net_.run({input(picture.size())}, {blob}, outputs(picture.size()), false);
        for (int i = 0; i < levels; ++i) {
            decode(maps[3 * i], maps[3 * i + 1], maps[3 * i + 2], i, threshold, rows);
        }
    }

private:
    static Blob input(Size size) { return {contract::detectorImage, {1, 3, size.height, size.width}}; }

    static std::vector<Blob> outputs(Size size) {
        std::vector<Blob> result;
        for (int i = 0; i < levels; ++i) {
            const int height = size.height / contract::detectorStrides[i],
                      width = size.width / contract::detectorStrides[i];
            result.push_back({contract::detectorScore[i], {1, 1, height, width}});
            result.push_back({contract::detectorBox[i], {1, 4, height, width}});
            result.push_back({contract::detectorLandmarks[i], {1, 10, height, width}});
        }
        return result;
    }

    void decode(const Mat& scores, const Mat& boxes, const Mat& points, int level, float threshold,
                std::vector<FaceRow>& rows) const {
        const int height = scores.size[2], width = scores.size[3];
        const auto stride = static_cast<float>(contract::detectorStrides[level]);
        for (int cell = 0; cell < height * width; ++cell) {
            const float score = scores.ptr<float>(0, 0)[cell];
            if (std::isfinite(score) && (score < 0 || score > 1 + FLT_EPSILON)) {
                CV_Error(Error::StsOutOfRange, format("%s: output \"%s\": got %g, expected a score in 0..1",
                                                      net_.where().c_str(), contract::detectorScore[level], score));
            }
            if (!(score >= threshold)) {
                continue;
            }
            const auto column = static_cast<float>(cell % width), line = static_cast<float>(cell / width);
            const auto box = [&](int k) { return boxes.ptr<float>(0, k)[cell]; };
            FaceRow row;
            row[2] = stride * std::exp(box(2));
            row[3] = stride * std::exp(box(3));
            row[0] = stride * (column + box(0)) - row[2] / 2;
            row[1] = stride * (line + box(1)) - row[3] / 2;
            for (int k = 0; k < 10; ++k) {
                row[boxValues + k] = stride * ((k % 2 ? line : column) + points.ptr<float>(0, k)[cell]);
            }
            row[detectorValues - 1] = std::min(1.F, score);
            if (inPicture(row)) {
                rows.push_back(row);
            }
        }
    }

    Network net_;
};

class DetectorImpl final : public Detector {
public:
    DetectorImpl(const ModelBytes& model, const std::string& where, const Ptr<Encoder>& encoder, int backendId,
                 int targetId)
        : contract_(checkDetector(readOnnxMetadata(model->data(), model->size(), where), where)),
          model_(model),
          where_(where),
          backendId_(backendId),
          targetId_(targetId) {
        checkSameBundle(contract_, where, encoder);
        network(0).verify();
    }
    DetectorImpl(const DetectorImpl& other)
        : contract_(other.contract_),
          model_(other.model_),
          where_(other.where_),
          backendId_(other.backendId_),
          targetId_(other.targetId_),
          scoreThreshold_(other.getScoreThreshold()),
          nmsThreshold_(other.getNMSThreshold()),
          topK_(other.getTopK()),
          maxSide_(other.getMaxSide()) {
        network(0);
    }

    Ptr<Detector> clone() const override { return makePtr<DetectorImpl>(*this); }

    void detect(InputArray image, OutputArray faces) override {
        const Mat picture = picture8u(image, "image");
        std::vector<FaceRow> rows;
        const int longer = std::max(picture.cols, picture.rows);
        int side = std::min(getMaxSide(), longer);
        for (size_t i = 0;; ++i, side /= coarser) {
            detectAtScale(picture, static_cast<double>(side) / longer, i, rows);
            if (2 * side <= 3 * contract_.imageSize || side / coarser < leastSide) {
                break;
            }
        }
        write(best(rows), faces);
    }

    void setScoreThreshold(float value) override { scoreThreshold_ = share(value, "scoreThreshold"); }
    float getScoreThreshold() const override { return scoreThreshold_; }
    void setNMSThreshold(float value) override { nmsThreshold_ = share(value, "nmsThreshold"); }
    float getNMSThreshold() const override { return nmsThreshold_; }
    void setTopK(int value) override {
        if (value < 1) {
            CV_Error(Error::StsOutOfRange, format("topK: got %d, expected at least 1", value));
        }
        topK_ = value;
    }
    int getTopK() const override { return topK_; }
    void setMaxSide(int value) override {
        if (value < leastSide || value > mostSide) {
            CV_Error(Error::StsOutOfRange,
                     format("pixels: got %d, expected a longer side in %d..%d", value, leastSide, mostSide));
        }
        maxSide_ = value;
    }
    int getMaxSide() const override { return maxSide_; }
    int imageSize() const override { return contract_.imageSize; }
    String bundleId() const override { return contract_.bundleId; }

private:
    static float share(float value, const char* name) {
        if (!(value >= 0 && value <= 1)) {
            CV_Error(Error::StsOutOfRange, format("%s: got %g, expected a number in 0..1", name, value));
        }
        return value;
    }

    ScaleNetwork& network(size_t level) {
        if (level >= networks_.size()) {
            networks_.push_back(makePtr<ScaleNetwork>(model_, where_, backendId_, targetId_));
        }
        return *networks_[level];
    }

    /// Appends the faces that are detected in the picture scaled down by `scale`.
    void detectAtScale(const Mat& picture, double scale, size_t level, std::vector<FaceRow>& rows) {
        Mat scaled = picture;
        if (scale < 1) {
            const Size size(std::max(1, cvRound(picture.cols * scale)), std::max(1, cvRound(picture.rows * scale)));
            resize(picture, scaled, size, 0, 0, INTER_AREA);
        }
        const Point2f back(static_cast<float>(picture.cols) / static_cast<float>(scaled.cols),
                           static_cast<float>(picture.rows) / static_cast<float>(scaled.rows));
        const auto missing = [](int n) {
            return std::max(leastNetworkSide, (n + multiple - 1) / multiple * multiple) - n;
        };
        if (missing(scaled.rows) + missing(scaled.cols) > 0) {
            Mat padded;
            copyMakeBorder(scaled, padded, 0, missing(scaled.rows), 0, missing(scaled.cols), BORDER_REPLICATE);
            scaled = padded;
        }
        std::vector<FaceRow> found;
        network(level).run(scaled, contract_, scoreThreshold_, found);
        const auto known = static_cast<float>(contract_.imageSize);
        for (FaceRow& row : found) {
            if (level > 0 && largerSide(row) < minCoarseFace * known) {
                continue;
            }
            // Pixel centres are at whole numbers in both pictures.
            transform(row, back, Point2f(back.x / 2 - 0.5F, back.y / 2 - 0.5F));
            rows.push_back(row);
        }
    }

    std::vector<FaceRow> best(const std::vector<FaceRow>& rows) const {
        std::vector<Rect2d> boxes;
        std::vector<float> scores;
        for (const FaceRow& row : rows) {
            boxes.emplace_back(boxOf(row));
            scores.push_back(row[detectorValues - 1]);
        }
        std::vector<int> kept;
        dnn::NMSBoxes(boxes, scores, 0, nmsThreshold_, kept, 1, topK_);
        std::vector<FaceRow> faces;
        for (const int i : kept) {
            FaceRow face = rows[static_cast<size_t>(i)];
            // From the network's coordinates, in which pixel centres lie at whole numbers, to cv::Rect's, in which
            // pixel borders do.
            face[0] += 0.5F;
            face[1] += 0.5F;
            faces.push_back(face);
        }
        return faces;
    }

    const DetectorContract contract_;
    const ModelBytes model_;
    const std::string where_;
    const int backendId_, targetId_;
    std::vector<Ptr<ScaleNetwork>> networks_;  // the finest scale first
    // Atomic, because const functions may be called while another thread sets them.
    std::atomic<float> scoreThreshold_{0.5F}, nmsThreshold_{0.3F};
    std::atomic<int> topK_{1000}, maxSide_{640};
};

}  // namespace

Ptr<Detector> Detector::create(const String& model, const Ptr<Encoder>& encoder, int backendId, int targetId) {
    return makePtr<DetectorImpl>(readModelFile(model), model, encoder, backendId, targetId);
}

Ptr<Detector> Detector::create(const std::vector<uchar>& model, const Ptr<Encoder>& encoder, int backendId,
                               int targetId) {
    return makePtr<DetectorImpl>(std::make_shared<const std::vector<uchar>>(model), "detector in memory", encoder,
                                 backendId, targetId);
}

}  // namespace drgan
}  // namespace cv
