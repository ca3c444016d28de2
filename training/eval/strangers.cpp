// SPDX-License-Identifier: Apache-2.0

#include "strangers.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <opencv2/drgan/model_contract.hpp>
#include <set>
#include <stdexcept>

#include "data/recognizer.hpp"
#include "io/replace_file.hpp"
#include "stranger_pairs.hpp"

namespace drgan::eval {

namespace {

const int bins = static_cast<int>(std::lround(2 / cosineStep)) + 1;

int binOf(float cosine) {
    const double at = (static_cast<double>(cosine) + 1) / cosineStep;
    return std::clamp(static_cast<int>(std::floor(at)), 0, bins - 1);
}

}  // namespace

Strangers strangersOf(const Persons& persons, const Encodings& encodings) {
    Strangers strangers;
    strangers.people = persons.size();
    for (size_t i = 0; i < persons.size(); ++i) {
        for (const auto& kind : {persons[i].frontal, persons[i].profile, persons[i].between}) {
            for (const std::string& picture : kind) {
                const cv::Mat& embedding = encodings.at(picture).embedding;
                strangers.embeddings.push_back(embedding);
                strangers.units.push_back(data::unit(embedding));
                strangers.persons.push_back(i);
            }
        }
    }
    return strangers;
}

Strangers withoutSame(const Strangers& strangers, double cosine) {
    std::set<std::pair<size_t, size_t>> alike;  // later and earlier person
    forAllPairs(strangers, [&](int a, int b, float value) {
        if (static_cast<double>(value) >= cosine) {
            const size_t one = strangers.persons[static_cast<size_t>(a)];
            const size_t other = strangers.persons[static_cast<size_t>(b)];
            alike.emplace(std::max(one, other), std::min(one, other));
        }
    });
    std::set<size_t> dropped;
    for (const auto& [later, earlier] : alike) {  // ascending: whether the earlier one stays is known by then
        if (dropped.count(earlier) == 0) {
            dropped.insert(later);
        }
    }
    Strangers kept;
    kept.people = strangers.people - dropped.size();
    for (int i = 0; i < strangers.units.rows; ++i) {
        const size_t person = strangers.persons[static_cast<size_t>(i)];
        if (dropped.count(person) == 0) {
            kept.units.push_back(strangers.units.row(i));
            kept.embeddings.push_back(strangers.embeddings.row(i));
            kept.persons.push_back(person);
        }
    }
    return kept;
}

FalseMatches measureStrangers(const Strangers& strangers) {
    std::vector<uint64_t> counts(static_cast<size_t>(bins));
    forAllPairs(strangers, [&](int, int, float cosine) { ++counts[static_cast<size_t>(binOf(cosine))]; });
    FalseMatches measured;
    measured.people = strangers.people;
    measured.pictures = strangers.persons.size();
    for (const uint64_t count : counts) {
        measured.pairs += count;
    }
    auto& [rates, cosines] = measured.thresholds;
    uint64_t above = 0;  // pairs at or above the lower end of `bin`
    int bin = bins;
    std::vector<std::pair<double, float>> found;
    for (const double rate : {1e-4, 1e-3, 1e-2, 1e-1}) {
        const auto wanted = static_cast<uint64_t>(rate * static_cast<double>(measured.pairs) + 0.5);
        if (wanted < leastPairs) {
            continue;
        }
        // The lowest end that no more pairs than those are at or above.
        while (bin > 0 && above + counts[static_cast<size_t>(bin - 1)] <= wanted) {
            above += counts[static_cast<size_t>(--bin)];
        }
        found.emplace_back(rate, static_cast<float>(bin * cosineStep - 1));
    }
    for (auto entry = found.rbegin(); entry != found.rend(); ++entry) {
        rates.push_back(entry->first);
        cosines.push_back(entry->second);
    }
    if (rates.size() < 2) {
        throw std::runtime_error(
            fmt::format("{} people give {} pairs of two, expected {} at least: a false-match rate "
                        "of 1e-2 takes that many",
                        measured.people, measured.pairs, 100 * leastPairs));
    }
    return measured;
}

std::string table(const FalseMatches& measured) {
    std::string text = fmt::format("{} pairs of {} strangers ({} pictures)\nfalse-match rate   cosine\n",
                                   measured.pairs, measured.people, measured.pictures);
    const auto& t = measured.thresholds;
    for (size_t i = 0; i < t.rates.size(); ++i) {
        text += fmt::format("{:16.0e} {:8.4f}\n", t.rates[i], t.cosines[i]);
    }
    return text;
}

nlohmann::json report(const FalseMatches& measured) {
    nlohmann::json rows = nlohmann::json::array();
    const auto& t = measured.thresholds;
    for (size_t i = 0; i < t.rates.size(); ++i) {
        rows.push_back({{"false_match_rate", t.rates[i]}, {"cosine", t.cosines[i]}});
    }
    return {{"people", measured.people},
            {"pictures", measured.pictures},
            {"pairs", measured.pairs},
            {"thresholds", std::move(rows)}};
}

void writeThresholds(const cv::drgan::Thresholds& thresholds, const std::string& bundle) {
    namespace contract = cv::drgan::contract;
    const std::string path = bundle + "/" + contract::manifestFile;
    std::ifstream in(path);
    nlohmann::json manifest = nlohmann::json::parse(in, nullptr, false);
    if (!manifest.is_object()) {
        throw std::runtime_error(path + ": cannot be read as a JSON object");
    }
    nlohmann::json& list = manifest[contract::manifestThresholds] = nlohmann::json::array();
    for (size_t i = 0; i < thresholds.rates.size(); ++i) {
        // Rounded in text: a float has no 0.4352.
        list.push_back({{contract::manifestFalseMatchRate, thresholds.rates[i]},
                        {contract::manifestCosine, std::round(thresholds.cosines[i] * 1e5) / 1e5}});
    }
    io::replaceFiles({{path, manifest.dump(2) + "\n"}});
}

}  // namespace drgan::eval
