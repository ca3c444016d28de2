// SPDX-License-Identifier: Apache-2.0
#include "calibration.hpp"

#include <algorithm>
#include <cmath>

namespace drgan::tools {

namespace {

constexpr double rates[] = {1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6};
constexpr double largestLeastRate = 1e-2;  // a calibration must measure at least down to this
constexpr double oneOrTwo = 0.01;          // probability that any pair of different people is left out as one person

}  // namespace

Calibration calibrate(std::vector<Comparison> comparisons, const cv::drgan::Thresholds& bundle) {
    Calibration result;
    result.leastComparisons = static_cast<size_t>(std::ceil(leastBehind / largestLeastRate));
    // A person enrolled under two names would raise the thresholds until nobody is named.
    const double same = comparisons.empty() ? 1 : bundle.cosine(oneOrTwo / static_cast<double>(comparisons.size()));
    const auto kept = std::stable_partition(comparisons.begin(), comparisons.end(),
                                            [same](const Comparison& c) { return c.second < 0 || c.cosine < same; });
    result.leftOut.assign(kept, comparisons.end());
    comparisons.erase(kept, comparisons.end());
    result.comparisons = comparisons.size();
    if (comparisons.size() < result.leastComparisons) {
        return result;
    }
    std::sort(comparisons.begin(), comparisons.end(),
              [](const Comparison& a, const Comparison& b) { return a.cosine > b.cosine; });
    double moved = 0;
    for (const double rate : rates) {
        const auto behind = static_cast<size_t>(rate * static_cast<double>(comparisons.size()));
        float cosine = 0;
        if (behind >= leastBehind) {
            cosine = static_cast<float>(comparisons[behind - 1].cosine);
            moved = static_cast<double>(cosine) - bundle.cosine(rate);
            result.measuredDownTo = rate;
        } else {
            cosine = static_cast<float>(bundle.cosine(rate) + moved);
        }
        cosine = std::clamp(cosine, -1.F, 1.F);
        auto& [allRates, cosines] = result.thresholds;
        if (!cosines.empty() && cosine <= cosines.back()) {
            break;  // 1 is the highest cosine, and equal comparisons give no higher one
        }
        allRates.push_back(rate);
        cosines.push_back(cosine);
    }
    if (result.thresholds.rates.size() < 2) {
        result.thresholds = {};
    }
    return result;
}

}  // namespace drgan::tools
