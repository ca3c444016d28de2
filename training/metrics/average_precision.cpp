// SPDX-License-Identifier: Apache-2.0
#include "average_precision.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

namespace drgan {

namespace {

struct Judged {
    double score;
    bool right;
};

void judge(std::vector<ScoredBox> found, const std::vector<ScoredBox>& truth, const SizeRange& range, double least,
           std::vector<Judged>& to) {
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    std::vector<bool> taken(truth.size(), false);
    for (const ScoredBox& box : found) {
        size_t best = truth.size();
        double most = least;
        for (size_t i = 0; i < truth.size(); ++i) {
            const double common = overlap(box, truth[i]);
            if (!taken[i] && common >= most) {
                most = common;
                best = i;
            }
        }
        if (best < truth.size()) {
            taken[best] = true;
            if (range.holds(truth[best])) {
                to.push_back({box.score, true});
            }
        } else if (range.holds(box)) {
            to.push_back({box.score, false});
        }
    }
}

}  // namespace

double overlap(const ScoredBox& a, const ScoredBox& b) {
    const double width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
    const double height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
    const double common = std::max(0.0, width) * std::max(0.0, height);
    const double both = a.width * a.height + b.width * b.height - common;
    return both > 0 ? common / both : 0;
}

bool SizeRange::holds(const ScoredBox& box) const {
    const double side = std::max(box.width, box.height);
    return side >= least && side < most;
}

double averagePrecision(const std::vector<std::vector<ScoredBox>>& found,
                        const std::vector<std::vector<ScoredBox>>& truth, const SizeRange& range, double least) {
    if (found.size() != truth.size()) {
        throw std::invalid_argument("detections of " + std::to_string(found.size()) + " pictures, true boxes of " +
                                    std::to_string(truth.size()));
    }
    size_t asked = 0;
    std::vector<Judged> all;
    for (size_t i = 0; i < truth.size(); ++i) {
        asked += static_cast<size_t>(
            std::count_if(truth[i].begin(), truth[i].end(), [&](const auto& box) { return range.holds(box); }));
        judge(found[i], truth[i], range, least, all);
    }
    if (asked == 0) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    std::vector<double> precision;
    size_t right = 0;
    for (size_t i = 0; i < all.size(); ++i) {
        right += all[i].right ? 1 : 0;
        precision.push_back(static_cast<double>(right) / static_cast<double>(i + 1));
    }
    double area = 0, highest = 0;
    for (size_t i = all.size(); i-- > 0;) {
        highest = std::max(highest, precision[i]);
        area += all[i].right ? highest : 0;
    }
    return area / static_cast<double>(asked);
}

}  // namespace drgan
