// SPDX-License-Identifier: Apache-2.0

#include "at_rates.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "template_draws.hpp"

namespace drgan::eval {

namespace {

constexpr size_t fused[] = {2, 4, 8};  // pictures a side

std::vector<cv::Mat> unitsOf(const std::vector<std::string>& pictures, const Encodings& encodings) {
    std::vector<cv::Mat> units;
    for (const std::string& picture : pictures) {
        units.push_back(data::unit(encodings.at(picture).embedding));
    }
    return units;
}

/// Cosines of each frontal picture with the person's other ones, each pair once, or with the profiles.
std::vector<float> cosinesOf(const Persons& persons, const Encodings& encodings, bool profile) {
    std::vector<float> cosines;
    for (const Person& person : persons) {
        const std::vector<cv::Mat> frontal = unitsOf(person.frontal, encodings);
        const std::vector<cv::Mat> others = profile ? unitsOf(person.profile, encodings) : frontal;
        for (size_t a = 0; a < frontal.size(); ++a) {
            for (size_t b = profile ? 0 : a + 1; b < others.size(); ++b) {
                cosines.push_back(static_cast<float>(frontal[a].dot(others[b])));
            }
        }
    }
    return cosines;
}

std::vector<float> cosinesOf(const std::vector<Draw>& draws, size_t n) {
    std::vector<float> cosines;
    for (const Draw& draw : draws) {
        const TemplatePairs pairs = makeTemplates(draw, n, Way::Confidence);
        for (int i = 0; i < pairs.left.rows; ++i) {
            cosines.push_back(static_cast<float>(pairs.left.row(i).dot(pairs.right.row(i))));
        }
    }
    return cosines;
}

}  // namespace

AtRates acceptedAtRates(const Persons& persons, const Encodings& encodings, const cv::drgan::Thresholds& thresholds) {
    AtRates measured;
    measured.at = thresholds;
    const auto add = [&](const std::string& name, const std::string& key, const std::vector<float>& cosines) {
        AtRates::Pairs pairs{name, key, cosines.size(), {}};
        for (size_t i = 0; i < thresholds.cosines.size() && !cosines.empty(); ++i) {
            const float least = thresholds.cosines[i];
            const auto accepted =
                std::count_if(cosines.begin(), cosines.end(), [least](float cosine) { return cosine >= least; });
            pairs.tar.push_back(static_cast<double>(accepted) / static_cast<double>(cosines.size()));
        }
        measured.kinds.push_back(std::move(pairs));
    };
    add("frontal-frontal", "frontal_frontal", cosinesOf(persons, encodings, false));
    add("frontal-profile", "frontal_profile", cosinesOf(persons, encodings, true));
    const Persons several = reaching(persons, 1);
    const std::vector<Draw> draws = makeDraws(several, {&encodings}, usualDraws);
    for (const size_t n : fused) {
        add(fmt::format("{} a side", n), fmt::format("templates_{}", n),
            enoughReach(several, n) ? cosinesOf(draws, n) : std::vector<float>());
    }
    return measured;
}

std::string table(const AtRates& measured) {
    std::string text = fmt::format("{:>16} {:>8}", "false-match rate", "cosine"),
                pairs = fmt::format("{:>25}", "pairs");
    for (const AtRates::Pairs& kind : measured.kinds) {
        text += fmt::format("{:>17}", kind.name);
        pairs += fmt::format("{:17}", kind.pairs);
    }
    text += '\n' + pairs + '\n';
    for (size_t i = 0; i < measured.at.rates.size(); ++i) {
        text += fmt::format("{:16.0e} {:8.4f}", measured.at.rates[i], measured.at.cosines[i]);
        for (const AtRates::Pairs& kind : measured.kinds) {
            text += fmt::format("{:>17}", kind.tar.empty() ? "-" : fmt::format("{:.2f}", 100 * kind.tar[i]));
        }
        text += '\n';
    }
    return text;
}

nlohmann::json report(const AtRates& measured) {
    nlohmann::json rows = nlohmann::json::array();
    for (size_t i = 0; i < measured.at.rates.size(); ++i) {
        nlohmann::json tar = nlohmann::json::object();
        for (const AtRates::Pairs& kind : measured.kinds) {
            if (!kind.tar.empty()) {
                tar[kind.key] = kind.tar[i];
            }
        }
        rows.push_back(
            {{"false_match_rate", measured.at.rates[i]}, {"cosine", measured.at.cosines[i]}, {"tar", std::move(tar)}});
    }
    nlohmann::json pairs;
    for (const AtRates::Pairs& kind : measured.kinds) {
        pairs[kind.key] = kind.pairs;
    }
    return {{"pairs", std::move(pairs)}, {"rows", std::move(rows)}};
}

}  // namespace drgan::eval
