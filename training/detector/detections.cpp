// SPDX-License-Identifier: Apache-2.0
#include "detector/detections.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "opencv2/drgan/model_contract.hpp"
#include "run/png.hpp"

namespace drgan::train {

namespace contract = cv::drgan::contract;

namespace {

constexpr double trueOverlap = 0.5;
constexpr int perLine = 4;

/// Appends the faces of picture i that one map finds.
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
            d.width = stride * std::exp(b[i][2][row][column]);
            d.height = stride * std::exp(b[i][3][row][column]);
            d.x = stride * (static_cast<double>(column) + b[i][0][row][column]) - d.width / 2;
            d.y = stride * (static_cast<double>(row) + b[i][1][row][column]) - d.height / 2;
            for (int64_t k = 0; k < 10; ++k) {
                const auto at = static_cast<float>(k % 2 == 0 ? column : row);
                d.landmarks[k] = static_cast<float>(stride) * (at + p[i][k][row][column]);
            }
            to.push_back(d);
        }
    }
}

std::vector<Detection> best(std::vector<Detection> all, double most) {
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    std::vector<Detection> kept;
    for (const Detection& d : all) {
        if (std::none_of(kept.begin(), kept.end(), [&](const Detection& k) { return overlap(k, d) > most; })) {
            kept.push_back(d);
        }
    }
    return kept;
}

double apart(const Landmarks& a, const Landmarks& b) {
    double sum = 0;
    for (int i = 0; i < 10; i += 2) {
        sum += std::hypot(a[i] - b[i], a[i + 1] - b[i + 1]);
    }
    return sum / 5;
}

double eyeMouth(const Landmarks& p) { return std::hypot(p[0] + p[2] - p[6] - p[8], p[1] + p[3] - p[7] - p[9]) / 2; }

}  // namespace

Detection asDetection(const Landmarks& face) {
    const Square box = boxOf(face);
    return {box.x - box.side / 2, box.y - box.side / 2, box.side, box.side, face, 1};
}

double overlap(const Detection& a, const Detection& b) {
    const double width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
    const double height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
    const double common = std::max(0.0, width) * std::max(0.0, height);
    return common / std::max(1e-9, a.width * a.height + b.width * b.height - common);
}

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
        faces = best(std::move(faces), most);
    }
    return result;
}

DetectorErrors detectorErrors(const std::vector<std::vector<Detection>>& found,
                              const std::vector<std::vector<Landmarks>>& truth, double score) {
    struct Judged {
        float score;
        bool isTrue;
    };
    std::vector<Judged> all;
    size_t faces = 0, sure = 0, right = 0;
    double off = 0;
    for (size_t i = 0; i < truth.size(); ++i) {
        std::vector<bool> taken(truth[i].size(), false);
        faces += truth[i].size();
        for (const Detection& d : found[i]) {
            size_t nearest = truth[i].size();
            double most = trueOverlap;
            for (size_t k = 0; k < truth[i].size(); ++k) {
                const double common = overlap(d, asDetection(truth[i][k]));
                if (!taken[k] && common >= most) {
                    most = common;
                    nearest = k;
                }
            }
            const bool isTrue = nearest < truth[i].size();
            all.push_back({d.score, isTrue});
            if (isTrue) {
                taken[nearest] = true;
            }
            if (d.score >= score) {
                ++sure;
                right += isTrue ? 1 : 0;
                off += isTrue ? apart(d.landmarks, truth[i][nearest]) / eyeMouth(truth[i][nearest]) : 0;
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
    torch::Tensor grid = torch::full({3, lines * side, perLine * side}, -1.F);
    auto pixel = grid.accessor<float, 3>();
    const size_t area = static_cast<size_t>(side) * side;
    for (int i = 0; i < count; ++i) {
        const int left = i % perLine * side, top = i / perLine * side;
        for (size_t k = 0; k < 3 * area; ++k) {
            pixel[k / area][top + k % area / side][left + k % side] = planes[3 * area * i + k];
        }
        const auto dot = [&](double x, double y, float red, float green) {
            const auto px = std::lround(x), py = std::lround(y);
            if (px >= 0 && py >= 0 && px < side && py < side) {
                pixel[0][top + py][left + px] = red;
                pixel[1][top + py][left + px] = green;
                pixel[2][top + py][left + px] = -1;
            }
        };
        for (const Detection& d : found[i]) {
            for (double t = 0; t <= 1; t += 0.5 / side) {
                dot(d.x + t * d.width, d.y, 1, 2 * d.score - 1);
                dot(d.x + t * d.width, d.y + d.height, 1, 2 * d.score - 1);
                dot(d.x, d.y + t * d.height, 1, 2 * d.score - 1);
                dot(d.x + d.width, d.y + t * d.height, 1, 2 * d.score - 1);
            }
            for (int k = 0; k < 10; k += 2) {
                for (int n = 0; n < 4; ++n) {
                    dot(d.landmarks[k] + n % 2, d.landmarks[k + 1] + n / 2, -1, 1);
                }
            }
        }
    }
    writePng(path, grid);
}

}  // namespace drgan::train
