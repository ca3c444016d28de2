// SPDX-License-Identifier: Apache-2.0

#include "metrics.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <utility>

namespace drgan {

namespace {

void check(const PairScores& scores) {
    if (scores.same.empty() || scores.different.empty()) {
        throw std::runtime_error("metrics need pairs of one person and pairs of two people, got " +
                                 std::to_string(scores.same.size()) + " and " +
                                 std::to_string(scores.different.size()));
    }
    for (const auto* list : {&scores.same, &scores.different}) {
        for (const float score : *list) {
            if (!std::isfinite(score)) {
                throw std::runtime_error("a pair's score is not finite");
            }
        }
    }
}

/// Pairs with one score.
struct Step {
    float score = 0;
    double same = 0;
    double different = 0;
};

/// The scores that occur, ascending, with how many pairs of each kind have them.
std::vector<Step> steps(const PairScores& scores) {
    std::vector<std::pair<float, bool>> all;
    all.reserve(scores.same.size() + scores.different.size());
    for (const float score : scores.same) {
        all.emplace_back(score, true);
    }
    for (const float score : scores.different) {
        all.emplace_back(score, false);
    }
    std::sort(all.begin(), all.end());
    std::vector<Step> result;
    for (const auto& [score, same] : all) {
        if (result.empty() || result.back().score != score) {
            result.push_back({score, 0, 0});
        }
        (same ? result.back().same : result.back().different) += 1;
    }
    return result;
}

/// The lowest threshold that judges most weight of pairs rightly; that weight as "accuracy".
Operating bestWeighted(const PairScores& scores, double sameWeight, double differentWeight) {
    check(scores);
    const std::vector<Step> all = steps(scores);
    // A threshold at or below the lowest score accepts every pair.
    double right = sameWeight * static_cast<double>(scores.same.size());
    double best = right;
    double threshold = all.front().score;
    for (size_t i = 0; i < all.size(); ++i) {
        right += differentWeight * all[i].different - sameWeight * all[i].same;  // the threshold moves above this score
        if (right > best) {
            best = right;
            threshold = i + 1 < all.size()
                            ? (static_cast<double>(all[i].score) + static_cast<double>(all[i + 1].score)) / 2
                            : std::nextafter(static_cast<double>(all[i].score), HUGE_VAL);
        }
    }
    return {threshold, best};
}

}  // namespace

double accuracy(const PairScores& scores, double threshold) {
    check(scores);
    size_t right = 0;
    for (const float score : scores.same) {
        right += score >= threshold ? 1 : 0;
    }
    for (const float score : scores.different) {
        right += score < threshold ? 1 : 0;
    }
    return static_cast<double>(right) / static_cast<double>(scores.same.size() + scores.different.size());
}

Operating bestOperating(const PairScores& scores) {
    Operating best = bestWeighted(scores, 1, 1);
    best.accuracy /= static_cast<double>(scores.same.size() + scores.different.size());
    return best;
}

Operating bestBalanced(const PairScores& scores) {
    // Counts, not shares, are summed: they stay exact.
    const auto same = static_cast<double>(scores.same.size());
    const auto different = static_cast<double>(scores.different.size());
    Operating best = bestWeighted(scores, different, same);
    best.accuracy /= 2 * same * different;
    return best;
}

std::vector<RocPoint> rocCurve(const PairScores& scores) {
    check(scores);
    const std::vector<Step> all = steps(scores);
    std::vector<RocPoint> curve{{0, 0}};
    double same = 0, different = 0;
    for (auto step = all.rbegin(); step != all.rend(); ++step) {
        same += step->same;
        different += step->different;
        curve.push_back(
            {different / static_cast<double>(scores.different.size()), same / static_cast<double>(scores.same.size())});
    }
    return curve;
}

PairScores joined(const std::vector<PairScores>& folds) {
    PairScores all;
    for (const PairScores& fold : folds) {
        all.same.insert(all.same.end(), fold.same.begin(), fold.same.end());
        all.different.insert(all.different.end(), fold.different.begin(), fold.different.end());
    }
    return all;
}

std::vector<Operating> thresholdsFromOthers(const std::vector<PairScores>& folds) {
    if (folds.size() < 2) {
        throw std::runtime_error("a threshold from other folds needs two folds or more, got " +
                                 std::to_string(folds.size()));
    }
    std::vector<Operating> result;
    for (size_t i = 0; i < folds.size(); ++i) {
        std::vector<PairScores> others = folds;
        others.erase(others.begin() + static_cast<long>(i));
        const double threshold = bestOperating(joined(others)).threshold;
        result.push_back({threshold, accuracy(folds[i], threshold)});
    }
    return result;
}

double areaUnderRoc(const PairScores& scores) {
    check(scores);
    double below = 0;  // pairs of two people that scored lower
    double area = 0;
    for (const Step& step : steps(scores)) {
        area += step.same * (below + step.different / 2);
        below += step.different;
    }
    return area / (static_cast<double>(scores.same.size()) * static_cast<double>(scores.different.size()));
}

double equalErrorRate(const PairScores& scores) {
    check(scores);
    const auto same = static_cast<double>(scores.same.size());
    const auto different = static_cast<double>(scores.different.size());
    double accepted = different;  // pairs of two people at or above the threshold; counts, so that they end at zero
    double refused = 0;           // pairs of one person below it
    for (const Step& step : steps(scores)) {
        const double before = accepted / different - refused / same;
        const double refusedBefore = refused / same;
        accepted -= step.different;
        refused += step.same;
        const double after = accepted / different - refused / same;
        if (after <= 0) {
            // The two rates cross within this step: their difference has fallen from >= 0 to <= 0.
            return refusedBefore + before / (before - after) * (refused / same - refusedBefore);
        }
    }
    return 1;  // not reached: above the highest score nothing is accepted and everything refused
}

double acceptedAt(const PairScores& scores, double falseAccepts) {
    check(scores);
    const auto allowed = static_cast<size_t>(falseAccepts * static_cast<double>(scores.different.size()));
    std::vector<float> different = scores.different;
    if (allowed >= different.size()) {
        return 1;
    }
    // The threshold lies just above the highest score of two people that may not pass.
    std::nth_element(different.begin(), different.begin() + static_cast<long>(allowed), different.end(),
                     std::greater<float>());
    const float refused = different[allowed];
    const auto accepted =
        std::count_if(scores.same.begin(), scores.same.end(), [refused](float score) { return score > refused; });
    return static_cast<double>(accepted) / static_cast<double>(scores.same.size());
}

MeanDeviation meanDeviation(const std::vector<double>& values) {
    if (values.empty()) {
        throw std::runtime_error("the mean of no values");
    }
    MeanDeviation result;
    for (const double value : values) {
        result.mean += value / static_cast<double>(values.size());
    }
    double squares = 0;
    for (const double value : values) {
        squares += (value - result.mean) * (value - result.mean);
    }
    result.deviation = values.size() > 1 ? std::sqrt(squares / static_cast<double>(values.size() - 1)) : 0;
    return result;
}

}  // namespace drgan
