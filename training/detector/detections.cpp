// SPDX-License-Identifier: Apache-2.0
#include "detector/detections.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>

#include "opencv2/drgan/model_contract.hpp"
#include "run/picture.hpp"

namespace drgan::train {

namespace contract = cv::drgan::contract;

namespace {

constexpr double trueOverlap = 0.5;
constexpr double unsureShare = 0.3;  // of the smaller box, in common
constexpr int perLine = 4;

/// Appends the detections of one map in picture i.
void decode(const torch::Tensor& score, const torch::Tensor& box, const torch::Tensor& points, int64_t i, int stride,
            double least, std::vector<Detection>& to) {
    const auto s = score.accessor<float, 4>(), b = box.accessor<float, 4>(), p = points.accessor<float, 4>();
    for (int64_t row = 0; row < score.size(2); ++row) {
        for (int64_t column = 0; column < score.size(3); ++column) {
            if (!(s[i][0][row][column] >= least)) {
                continue;
            }
            Detection d;
            d.score = s[i][0][row][column];
            const cv::Size2d size(stride * std::exp(b[i][2][row][column]), stride * std::exp(b[i][3][row][column]));
            const cv::Point2d middle(static_cast<double>(column) + b[i][0][row][column],
                                     static_cast<double>(row) + b[i][1][row][column]);
            d.box = {stride * middle - cv::Point2d(size.width, size.height) / 2, size};
            for (int64_t k = 0; k < 10; ++k) {
                const auto at = static_cast<float>(k % 2 == 0 ? column : row);
                d.landmarks[k] = static_cast<float>(stride) * (at + p[i][k][row][column]);
            }
            to.push_back(d);
        }
    }
}

std::vector<Detection> best(const std::vector<Detection>& all, double most) {
    std::vector<cv::Rect2d> boxes;
    std::vector<float> scores;
    for (const Detection& d : all) {
        boxes.push_back(d.box);
        scores.push_back(d.score);
    }
    std::vector<int> kept;
    cv::dnn::NMSBoxes(boxes, scores, 0, static_cast<float>(most), kept);
    std::vector<Detection> result;
    for (const int i : kept) {
        result.push_back(all[static_cast<size_t>(i)]);
    }
    return result;
}

double iou(const Detection& a, const Detection& b) { return 1 - cv::jaccardDistance(a.box, b.box); }

double apart(const Landmarks& a, const Landmarks& b) {
    double sum = 0;
    for (int i = 0; i < 10; i += 2) {
        sum += std::hypot(a[i] - b[i], a[i + 1] - b[i + 1]);
    }
    return sum / 5;
}

/// Whether it is where a face may be.
bool isUnsure(const Detection& d, const std::vector<SceneFace>& truth) {
    return std::any_of(truth.begin(), truth.end(), [&](const SceneFace& face) {
        return !face.sure && (d.box & face.box).area() > unsureShare * std::min(d.box.area(), face.box.area());
    });
}

double eyeMouth(const Landmarks& p) { return std::hypot(p[0] + p[2] - p[6] - p[8], p[1] + p[3] - p[7] - p[9]) / 2; }

}  // namespace

Detection asDetection(const SceneFace& face) { return {face.box, face.landmarks, 1}; }

std::vector<std::vector<Detection>> detections(const nn::Edges& found, double least, double most) {
    std::vector<std::vector<Detection>> result(static_cast<size_t>(found.at(contract::detectorScore[0]).size(0)));
    for (size_t level = 0; level < std::size(contract::detectorStrides); ++level) {
        const auto map = [&](const char* name) { return found.at(name).detach().cpu().contiguous(); };
        const torch::Tensor score = map(contract::detectorScore[level]), box = map(contract::detectorBox[level]),
                            points = map(contract::detectorLandmarks[level]);
        for (size_t i = 0; i < result.size(); ++i) {
            decode(score, box, points, static_cast<int64_t>(i), contract::detectorStrides[level], least, result[i]);
        }
    }
    for (auto& faces : result) {
        faces = best(faces, most);
    }
    return result;
}

DetectorErrors detectorErrors(const std::vector<std::vector<Detection>>& found,
                              const std::vector<std::vector<SceneFace>>& truth, double score) {
    struct Judged {
        float score;
        bool isTrue;
    };
    std::vector<Judged> all;
    size_t faces = 0, sure = 0, right = 0;
    double off = 0;
    for (size_t i = 0; i < truth.size(); ++i) {
        std::vector<bool> taken(truth[i].size(), false);
        faces += static_cast<size_t>(
            std::count_if(truth[i].begin(), truth[i].end(), [](const SceneFace& face) { return face.sure; }));
        for (const Detection& d : found[i]) {
            size_t nearest = truth[i].size();
            double most = trueOverlap;
            for (size_t k = 0; k < truth[i].size(); ++k) {
                const double common = iou(d, asDetection(truth[i][k]));
                if (!taken[k] && common >= most) {
                    most = common;
                    nearest = k;
                }
            }
            const bool isTrue = nearest < truth[i].size();
            if (isTrue ? !truth[i][nearest].sure : isUnsure(d, truth[i])) {
                continue;
            }
            all.push_back({d.score, isTrue});
            if (isTrue) {
                taken[nearest] = true;
            }
            if (d.score >= score) {
                ++sure;
                right += isTrue ? 1 : 0;
                off += isTrue ? apart(d.landmarks, truth[i][nearest].landmarks) / eyeMouth(truth[i][nearest].landmarks)
                              : 0;
            }
        }
    }
    std::stable_sort(all.begin(), all.end(), [](const Judged& a, const Judged& b) { return a.score > b.score; });
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    DetectorErrors result{none, none, none, none};
    if (faces > 0) {
        double area = 0;
        size_t hits = 0;
        for (size_t i = 0; i < all.size(); ++i) {
            hits += all[i].isTrue ? 1 : 0;
            area += all[i].isTrue ? static_cast<double>(hits) / static_cast<double>(i + 1) : 0;
        }
        result.averagePrecision = area / static_cast<double>(faces);
        result.recall = static_cast<double>(right) / static_cast<double>(faces);
    }
    if (sure > 0) {
        result.precision = static_cast<double>(right) / static_cast<double>(sure);
    }
    if (right > 0) {
        result.landmarks = off / static_cast<double>(right);
    }
    return result;
}

void writeDetections(const std::string& path, const std::vector<float>& planes, int side,
                     const std::vector<std::vector<Detection>>& found) {
    const auto count = static_cast<int>(found.size()), lines = (count + perLine - 1) / perLine;
    cv::Mat grid = cv::Mat::zeros(lines * side, perLine * side, CV_8UC3);
    for (int i = 0; i < count; ++i) {
        cv::Mat picture = grid(cv::Rect(i % perLine * side, i / perLine * side, side, side));
        toPicture(planes.data() + static_cast<size_t>(i) * 3 * side * side, {side, side}).copyTo(picture);
        for (const Detection& d : found[static_cast<size_t>(i)]) {
            cv::rectangle(picture, d.box, cv::Scalar(255, 255 * d.score, 0));
            for (int k = 0; k < 10; k += 2) {
                const cv::Point landmark(cvRound(d.landmarks[k]), cvRound(d.landmarks[k + 1]));
                cv::rectangle(picture, cv::Rect(landmark, cv::Size(2, 2)), cv::Scalar(0, 255, 0), cv::FILLED);
            }
        }
    }
    writePng(path, grid);
}

}  // namespace drgan::train
