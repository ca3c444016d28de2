// SPDX-License-Identifier: Apache-2.0
#include "thresholds.hpp"

#include <algorithm>
#include <cmath>

namespace cv {
namespace drgan {

double fusionGain(int images) { return 1 / std::sqrt(1 - fusedAway * (1 - 1.0 / images)); }

std::string thresholdsFault(const Thresholds& thresholds) {
    const auto& rates = thresholds.rates;
    const auto& cosines = thresholds.cosines;
    if (rates.size() != cosines.size()) {
        return format("got %zu false-match rates and %zu cosines, expected the same number of both", rates.size(),
                      cosines.size());
    }
    if (!rates.empty() && (rates.size() < minThresholds || rates.size() > maxThresholds)) {
        return format("got %zu false-match rates, expected %zu to %zu", rates.size(), minThresholds, maxThresholds);
    }
    for (size_t i = 0; i < rates.size(); ++i) {
        if (!(rates[i] > 0 && rates[i] < 1) || (i > 0 && !(rates[i] < rates[i - 1]))) {
            return format("got the false-match rate %g, expected one within (0, 1), below the previous one", rates[i]);
        }
        if (!(cosines[i] >= -1 && cosines[i] <= 1) || (i > 0 && !(cosines[i] > cosines[i - 1]))) {
            return format(
                "got the cosine %g at the false-match rate %g, expected one within [-1, 1], above the "
                "previous one",
                cosines[i], rates[i]);
        }
    }
    return std::string();
}

double namingThreshold(const NamingRule& rule, const Thresholds& own, int people, int images, int personImages) {
    if (!(rule.threshold >= -1 && rule.threshold <= 1)) {
        CV_Error(Error::StsOutOfRange, format("threshold: got %g, expected a cosine in -1..1", rule.threshold));
    }
    if (!(rule.margin >= 0)) {
        CV_Error(Error::StsOutOfRange, format("margin: got %g, expected a cosine >= 0", rule.margin));
    }
    if (images < 1 || personImages < 1) {
        CV_Error(Error::StsOutOfRange,
                 format("images: got %d and the person's %d, expected at least 1 of each", images, personImages));
    }
    if (rule.threshold > -1) {
        return rule.threshold;
    }
    const Thresholds& measured = own.empty() ? rule.thresholds : own;
    if (measured.empty()) {
        return rule.matchThreshold;
    }
    const double single = measured.naming(std::max(1, people), rule.strangerRate);
    return std::min(1.0, single * fusionGain(images) * fusionGain(personImages));
}

bool Thresholds::empty() const { return rates.empty() && cosines.empty(); }

double Thresholds::cosine(double rate) const {
    const std::string fault = empty() ? "got none, expected false-match rates" : thresholdsFault(*this);
    if (!fault.empty()) {
        CV_Error(Error::StsBadArg, "thresholds: " + fault);
    }
    if (!(rate > 0 && rate <= 1)) {
        CV_Error(Error::StsOutOfRange, format("rate: got %g, expected a false-match rate within (0, 1]", rate));
    }
    size_t i = 1;  // the line through points i - 1 and i
    while (i + 1 < rates.size() && rate < rates[i]) {
        ++i;
    }
    const double at = std::log(rates[i - 1] / rate) / std::log(rates[i - 1] / rates[i]);
    const double low = cosines[i - 1], high = cosines[i];
    return std::clamp(low + at * (high - low), -1.0, 1.0);
}

double Thresholds::naming(int people, double strangerRate) const {
    if (people < 1) {
        CV_Error(Error::StsOutOfRange, format("people: got %d, expected at least 1", people));
    }
    if (!(strangerRate > 0 && strangerRate < 1)) {
        CV_Error(Error::StsOutOfRange,
                 format("strangerRate: got %g, expected a probability within (0, 1)", strangerRate));
    }
    return cosine(-std::expm1(std::log1p(-strangerRate) / people));  // 1 - (1 - strangerRate)^(1 / people)
}

}  // namespace drgan
}  // namespace cv
