// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cfloat>
#include <cmath>

#include "align.hpp"
#include "contract.hpp"
#include "network.hpp"
#include "opencv2/drgan/face_geometry.hpp"
#include "picture.hpp"

namespace cv {
namespace drgan {

namespace {

// Columns of a result row.
constexpr int firstPoint = 4;
constexpr int scoreAt = 14;
constexpr int yawAt = 15;

// Where the points lie on average in a detector's square box, in units of its side: means over the same faces as
// boxEyesY and boxMouthY, made symmetric.
constexpr double averagePoints[] = {0.347, contract::boxEyesY,
                                    0.653, contract::boxEyesY,  //
                                    0.5,   0.597,               //
                                    0.371, contract::boxMouthY,
                                    0.629, contract::boxMouthY};

// Faces of one forward pass: at most so many, and fewer where the crops are large, so that memory stays bounded.
constexpr int maxBatch = 64;
constexpr int maxBatchValues = 1 << 20;

// Points further outside of the crop than this, in units of its side, are nobody's.
constexpr double maxOutside = 1;

using AlignerRow = Vec<float, alignerValues>;

/// A point of the square, in units of its side from its left and its top edge, in the picture's pixels. @param factor
/// enlarges the square around its middle
Point2d atSquare(const FaceSquare& square, double factor, double x, double y) {
    const Point2d right(square.down.y, -square.down.x);
    return square.center + (right * (x - 0.5) + square.down * (y - 0.5)) * (square.side * factor);
}

bool touches(const FaceSquare& square, Size picture) {
    const double half = square.side / 2;
    return square.center.x + half > 0 && square.center.y + half > 0 && square.center.x - half < picture.width &&
           square.center.y - half < picture.height;
}

FaceSquare squareOf(const AlignerRow& row) {
    double points[10];
    std::copy_n(row.val + firstPoint, 10, points);
    const FacePoints face = pointsOf(points);
    return faceSquare(face.eyes, face.mouth);
}

/// A row with points, given in units of the square enlarged by `factor`, and the box that they imply.
AlignerRow rowOf(const FaceSquare& square, double factor, const double* points) {
    AlignerRow row = AlignerRow::all(0);
    for (int k = 0; k < 10; k += 2) {
        const Point2d p = atSquare(square, factor, points[k], points[k + 1]);
        row[firstPoint + k] = static_cast<float>(p.x);
        row[firstPoint + k + 1] = static_cast<float>(p.y);
    }
    const FaceSquare implied = squareOf(row);
    row[0] = static_cast<float>(implied.center.x - implied.side / 2);
    row[1] = static_cast<float>(implied.center.y - implied.side / 2);
    row[2] = row[3] = static_cast<float>(implied.side);
    return row;
}

AlignerRow noFace(const FaceSquare& square) { return rowOf(square, 1, averagePoints); }

/// Whether align() and alignCrop() take the row back. Its points are finite.
bool isFace(const AlignerRow& row) {
    double points[10];
    std::copy_n(row.val + firstPoint, 10, points);
    const FacePoints face = pointsOf(points);
    return norm(face.mouth - face.eyes) >= minEyeMouth &&
           std::all_of(row.val, row.val + scoreAt, [](float v) { return std::abs(v) <= maxCoordinate; });
}

/// What the network says of a crop: landmarks in units of its side, yaw in units of 90 degrees.
struct Seen {
    double points[10];
    float yaw, score;
};

Seen answer(const std::vector<Mat>& results, int row) {
    Seen seen{};
    std::copy_n(results[0].ptr<float>(row), 10, seen.points);
    seen.yaw = results[1].at<float>(row);
    seen.score = results[2].at<float>(row);
    return seen;
}

/// The same of the crop's mirror image. Coordinates count from the middle of the crop's first pixel, which is the last
/// one there.
Seen turnedOver(const Seen& seen, int size) {
    const double last = static_cast<double>(size - 1) / size;
    Seen over = seen;
    constexpr int partner[] = {1, 0, 2, 4, 3};  // the subject's left eye was the right one
    for (int k = 0; k < 5; ++k) {
        over.points[2 * k] = last - seen.points[2 * partner[k]];
        over.points[2 * k + 1] = seen.points[2 * partner[k] + 1];
    }
    over.yaw = -seen.yaw;
    return over;
}

Seen mean(const Seen& a, const Seen& b) {
    Seen both{};
    std::transform(a.points, a.points + 10, b.points, both.points, [](double x, double y) { return (x + y) / 2; });
    both.yaw = (a.yaw + b.yaw) / 2;
    both.score = (a.score + b.score) / 2;
    return both;
}

/// Boxes or rows as one row each, CV_64F.
Mat readBoxes(InputArray boxes) {
    const Mat given = matrix(boxes);
    if (given.empty()) {
        return Mat();
    }
    const int depth = given.depth();
    const bool number = depth == CV_32F || depth == CV_64F || depth == CV_32S;
    Mat m;
    if (given.dims == 2 && number) {
        given.convertTo(m, CV_64F);  // continuous, and no longer the caller's
        if (m.channels() == boxValues && (m.rows == 1 || m.cols == 1)) {
            m = m.reshape(1, static_cast<int>(m.total()));  // a vector of cv::Rect
        } else if (m.cols == 1 && (m.rows == boxValues || m.rows == detectorValues || m.rows == alignerValues)) {
            m = m.reshape(m.channels(), 1);  // a single cv::Vec
        }
    }
    if (m.empty() || m.channels() != 1 ||
        (m.cols != boxValues && m.cols != detectorValues && m.cols != alignerValues)) {
        CV_Error(
            Error::StsBadArg,
            format("boxes: got %s, expected n x 4 (x, y, w, h), n x 15 (rows of FaceDetectorYN) or n x 16 (rows of "
                   "Aligner), of float, double or int",
                   describe(given).c_str()));
    }
    return m;
}

std::vector<FaceSquare> readSquares(InputArray boxes) {
    const Mat rows = readBoxes(boxes);
    std::vector<FaceSquare> squares;
    for (int i = 0; i < rows.rows; ++i) {
        const auto* row = rows.ptr<double>(i);
        const std::string name = format("boxes: row %d", i);
        const FacePoints points = readRow(row, rows.cols, name);
        if (row[2] < 1 || row[3] < 1) {  // readRow() does not look at the box where there are landmarks
            CV_Error(Error::StsBadArg,
                     format("%s: got a box of %g x %g pixels, expected at least 1 x 1", name.c_str(), row[2], row[3]));
        }
        squares.push_back(faceSquare(points.eyes, points.mouth));
    }
    return squares;
}

class AlignerImpl final : public Aligner {
public:
    AlignerImpl(const ModelBytes& model, const std::string& where, const Ptr<Encoder>& encoder, int backendId,
                int targetId)
        : contract_(checkedContract(model, where, encoder)),
          net_(model, where, backendId, targetId),
          batch_(std::max(1, std::min(maxBatch, maxBatchValues / (3 * contract_.imageSize * contract_.imageSize)))) {
        // Two crops at once: a network that only does one at a time fails here.
        net_.verify({input(2)}, outputs(2));
    }

    AlignerImpl(const AlignerImpl& other)
        : contract_(other.contract_), net_(other.net_.clone()), batch_(other.batch_) {}

    Ptr<Aligner> clone() const override { return makePtr<AlignerImpl>(*this); }

    void align(InputArray image, InputArray boxes, OutputArray faces, int passes) override {
        const Mat picture = picture8u(image, "image");
        if (passes < 1 || passes > 3) {
            CV_Error(Error::StsBadArg, format("passes: got %d, expected 1, 2 or 3", passes));
        }
        const std::vector<FaceSquare> squares = readSquares(boxes);
        if (squares.empty()) {
            faces.release();
            return;
        }
        std::vector<AlignerRow> rows;
        std::vector<int> within;  // rows to look at
        for (const FaceSquare& square : squares) {
            rows.push_back(noFace(square));
            if (touches(square, picture.size())) {
                within.push_back(static_cast<int>(rows.size()) - 1);
            }
        }
        look(picture, squares, within, false, rows);
        if (passes > 1) {
            lookAgain(picture, passes == 3, rows);
        }
        Mat(static_cast<int>(rows.size()), alignerValues, CV_32F, rows[0].val).copyTo(faces);
    }

    int imageSize() const override { return contract_.imageSize; }
    float cropFactor() const override { return contract_.cropFactor; }
    String bundleId() const override { return contract_.bundleId; }

private:
    static AlignerContract checkedContract(const ModelBytes& model, const std::string& where,
                                           const Ptr<Encoder>& encoder) {
        AlignerContract result = checkAligner(readOnnxMetadata(model->data(), model->size(), where), where);
        checkSameBundle(result, where, encoder);
        return result;
    }

    Blob input(int n) const { return {contract::alignerCrop, {n, 3, contract_.imageSize, contract_.imageSize}}; }

    static std::vector<Blob> outputs(int n) {
        return {
            {contract::alignerLandmarks, {n, 10}}, {contract::alignerYaw, {n, 1}}, {contract::alignerScore, {n, 1}}};
    }

    /// The second pass: at what the first one found, as if its rows had been passed in.
    void lookAgain(const Mat& picture, bool mirrored, std::vector<AlignerRow>& rows) {
        std::vector<FaceSquare> squares(rows.size());
        std::vector<int> within;
        for (size_t i = 0; i < rows.size(); ++i) {
            if (rows[i][scoreAt] > 0) {
                squares[i] = squareOf(rows[i]);
                rows[i] = noFace(squares[i]);
                if (touches(squares[i], picture.size())) {
                    within.push_back(static_cast<int>(i));
                }
            }
        }
        look(picture, squares, within, mirrored, rows);
    }

    /// Runs the network on the squares named by `wanted`, and writes the rows of those that are faces.
    /// @param mirrored each crop's mirror image is looked at, too, and the mean counts
    void look(const Mat& picture, const std::vector<FaceSquare>& squares, const std::vector<int>& wanted, bool mirrored,
              std::vector<AlignerRow>& rows) {
        const int views = mirrored ? 2 : 1;
        const auto most = static_cast<size_t>(std::max(1, batch_ / views));
        for (size_t first = 0; first < wanted.size(); first += most) {
            const int n = static_cast<int>(std::min(wanted.size() - first, most));
            Mat blob(input(views * n).shape, CV_32F);
            for (int i = 0; i < n; ++i) {
                const FaceSquare& square = squares[static_cast<size_t>(wanted[first + static_cast<size_t>(i)])];
                Mat seen = crop(picture, square);
                writePlanes(seen, contract_.pixelLow, contract_.pixelHigh, i, blob);
                if (mirrored) {
                    flip(seen, seen, 1);
                    writePlanes(seen, contract_.pixelLow, contract_.pixelHigh, n + i, blob);
                }
            }
            const std::vector<Mat> results = net_.run({input(views * n)}, {blob}, outputs(views * n), false);
            for (int i = 0; i < n; ++i) {
                const auto at = static_cast<size_t>(wanted[first + static_cast<size_t>(i)]);
                Seen seen = answer(results, i);
                if (mirrored) {
                    seen = mean(seen, turnedOver(answer(results, n + i), contract_.imageSize));
                }
                decode(squares[at], seen, rows[at]);
            }
        }
    }

    /// @return SxS, BGR
    Mat crop(const Mat& picture, const FaceSquare& square) const {
        const FaceSquare wider{square.center, square.side * contract_.cropFactor, square.down};
        return cropSquare(picture, cropTransform(wider, contract_.imageSize), contract_.imageSize);
    }

    /// Writes the row if the network found a face; leaves it as it is if not.
    void decode(const FaceSquare& square, const Seen& seen, AlignerRow& row) const {
        if (std::isfinite(seen.score) && (seen.score < 0 || seen.score > 1 + FLT_EPSILON)) {
            CV_Error(Error::StsOutOfRange, format("%s: output \"%s\": got %g, expected a score in 0..1",
                                                  net_.where().c_str(), contract::alignerScore, seen.score));
        }
        // NaN fails each of these.
        const bool valid = std::isfinite(seen.score) && std::isfinite(seen.yaw) &&
                           std::all_of(seen.points, seen.points + 10,
                                       [](double p) { return p >= -maxOutside && p <= 1 + maxOutside; });
        if (!valid) {
            return;
        }
        AlignerRow found = rowOf(square, contract_.cropFactor, seen.points);
        if (!isFace(found)) {
            return;
        }
        found[scoreAt] = std::min(1.F, seen.score);
        found[yawAt] = std::max(-90.F, std::min(90.F, 90 * seen.yaw));
        row = found;
    }

    const AlignerContract contract_;
    Network net_;
    const int batch_;
};

}  // namespace

Ptr<Aligner> Aligner::create(const String& model, const Ptr<Encoder>& encoder, int backendId, int targetId) {
    return makePtr<AlignerImpl>(readModelFile(model), model, encoder, backendId, targetId);
}

Ptr<Aligner> Aligner::create(const std::vector<uchar>& model, const Ptr<Encoder>& encoder, int backendId,
                             int targetId) {
    return makePtr<AlignerImpl>(std::make_shared<const std::vector<uchar>>(model), "aligner in memory", encoder,
                                backendId, targetId);
}

}  // namespace drgan
}  // namespace cv
