// SPDX-License-Identifier: Apache-2.0

#include "stranger_groups.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <utility>

#include "stranger_pairs.hpp"

namespace drgan::eval {

namespace {

constexpr size_t none = std::numeric_limits<size_t>::max();

/// By the number that a name begins with, if any: 3-9 before 20-29.
struct Order {
    static int number(const std::string& name) {
        int value = std::numeric_limits<int>::max();
        std::from_chars(name.data(), name.data() + name.size(), value);
        return value;
    }
    bool operator()(const std::string& a, const std::string& b) const {
        return std::pair(number(a), a) < std::pair(number(b), b);
    }
};

struct Sorting {
    const char* name;
    std::string (*group)(const PersonLabels& labels);  // empty: none
};

std::string raceAndGender(const PersonLabels& labels) {
    return labels.race.empty() || labels.gender.empty() ? std::string() : labels.race + ", " + labels.gender;
}

constexpr Sorting sortings[] = {{"gender", [](const PersonLabels& labels) { return labels.gender; }},
                                {"race", [](const PersonLabels& labels) { return labels.race; }},
                                {"race and gender", raceAndGender},
                                {"age", [](const PersonLabels& labels) { return labels.age; }}};

uint64_t pairsOf(uint64_t pictures) { return pictures * (pictures - 1) / 2; }

/// A group of these people, without matches yet. @param pictures how many each of them has
StrangerGroup countPairs(const std::string& name, const std::vector<size_t>& pictures, size_t rates) {
    StrangerGroup group{name, pictures.size(), 0, std::vector<uint64_t>(rates)};
    uint64_t all = 0, ofOne = 0;
    for (const size_t count : pictures) {
        all += count;
        ofOne += pairsOf(count);
    }
    group.pairs = all == 0 ? 0 : pairsOf(all) - ofOne;
    return group;
}

/// A kind while its matches are counted.
struct Counter {
    StrangerGroups::Kind kind;
    std::vector<size_t> groups;  ///< by person: index of the group
};

/// @param pictures by person; 0: left out
Counter sortPeople(const Sorting& sorting, const std::vector<PersonLabels>& labels, const std::vector<size_t>& pictures,
                   size_t rates) {
    std::map<std::string, std::vector<size_t>, Order> people;  // by group
    for (size_t i = 0; i < labels.size(); ++i) {
        const std::string group = sorting.group(labels[i]);
        if (!group.empty() && pictures[i] > 0) {
            people[group].push_back(i);
        }
    }
    Counter counter{{sorting.name, {}, countPairs("mean", {}, rates)}, std::vector<size_t>(labels.size(), none)};
    for (const auto& [name, members] : people) {
        std::vector<size_t> counts;
        for (const size_t person : members) {
            counts.push_back(pictures[person]);
        }
        StrangerGroup group = countPairs(name, counts, rates);
        if (group.pairs == 0) {
            continue;
        }
        for (const size_t person : members) {
            counter.groups[person] = counter.kind.groups.size();
        }
        counter.kind.mean.people += group.people;
        counter.kind.mean.pairs += group.pairs;
        counter.kind.groups.push_back(std::move(group));
    }
    return counter;
}

/// The ratio; NaN where it has none.
double over(double rate, double other) { return other > 0 ? rate / other : std::numeric_limits<double>::quiet_NaN(); }

}  // namespace

bool StrangerGroups::enough(const StrangerGroup& group, size_t index) const {
    return static_cast<double>(group.pairs) * all.rate(index) >= leastExpected;
}

std::optional<StrangerGroups::Extremes> StrangerGroups::extremes(const Kind& kind, size_t index) const {
    std::vector<const StrangerGroup*> sure;
    for (const StrangerGroup& group : kind.groups) {
        if (enough(group, index)) {
            sure.push_back(&group);
        }
    }
    if (sure.size() < 2) {
        return std::nullopt;
    }
    const auto [best, worst] = std::minmax_element(
        sure.begin(), sure.end(),
        [&](const StrangerGroup* a, const StrangerGroup* b) { return a->rate(index) < b->rate(index); });
    return Extremes{*worst, *best};
}

StrangerGroups groupStrangers(const Strangers& strangers, const std::vector<PersonLabels>& labels,
                              const cv::drgan::Thresholds& thresholds) {
    StrangerGroups result;
    for (size_t i = 0; i < thresholds.rates.size(); ++i) {
        if (thresholds.rates[i] <= mostRate) {
            result.at.rates.push_back(thresholds.rates[i]);
            result.at.cosines.push_back(thresholds.cosines[i]);
        }
    }
    const size_t rates = result.at.rates.size();
    std::vector<size_t> pictures(labels.size()), present;
    for (const size_t person : strangers.persons) {
        ++pictures[person];
    }
    for (size_t i = 0; i < labels.size(); ++i) {
        if (pictures[i] > 0) {
            present.push_back(pictures[i]);
            const PersonLabels& of = labels[i];
            result.unlabelled += of.age.empty() && of.gender.empty() && of.race.empty() ? 1 : 0;
        }
    }
    result.all = countPairs("all pairs", present, rates);
    std::vector<Counter> counters;
    for (const Sorting& sorting : sortings) {
        Counter counter = sortPeople(sorting, labels, pictures, rates);
        if (!counter.kind.groups.empty()) {
            counters.push_back(std::move(counter));
        }
    }
    const std::vector<float>& cosines = result.at.cosines;
    // Few pairs match: only those are looked at further.
    const float lowest = cosines.empty() ? 2.F : *std::min_element(cosines.begin(), cosines.end());
    forAllPairs(strangers, [&](int a, int b, float cosine) {
        if (cosine < lowest) {
            return;
        }
        const size_t one = strangers.persons[static_cast<size_t>(a)];
        const size_t other = strangers.persons[static_cast<size_t>(b)];
        const auto count = [&](StrangerGroup& group) {
            for (size_t i = 0; i < rates; ++i) {
                group.matches[i] += cosine >= cosines[i] ? 1 : 0;
            }
        };
        count(result.all);
        for (Counter& counter : counters) {
            const size_t group = counter.groups[one];
            if (group != none && group == counter.groups[other]) {
                count(counter.kind.groups[group]);
                count(counter.kind.mean);
            }
        }
    });
    for (Counter& counter : counters) {
        result.kinds.push_back(std::move(counter.kind));
    }
    return result;
}

std::string table(const StrangerGroups& groups) {
    std::string text = fmt::format("{:28}{:>7}{:>11}", "both people of one", "people", "pairs");
    for (size_t i = 0; i < groups.at.rates.size(); ++i) {
        text += fmt::format("   {:>6.0e} at {:.4f}", groups.at.rates[i], groups.at.cosines[i]);
    }
    text += '\n';
    bool few = false;
    const auto add = [&](const std::string& name, const StrangerGroup& group) {
        text += fmt::format("{:28}{:7}{:11}", name, group.people, group.pairs);
        for (size_t i = 0; i < groups.at.rates.size(); ++i) {
            const bool enough = groups.enough(group, i);
            few = few || !enough;
            text += fmt::format("   {:8.2e} {:6.2f}{}", group.rate(i), over(group.rate(i), groups.all.rate(i)),
                                enough ? ' ' : '*');
        }
        text += '\n';
    };
    add(groups.all.name, groups.all);
    for (const StrangerGroups::Kind& kind : groups.kinds) {
        text += kind.name + '\n';
        for (const StrangerGroup& group : kind.groups) {
            add("  " + group.name, group);
        }
        add("  " + kind.mean.name, kind.mean);
    }
    if (few) {
        text +=
            fmt::format("* at the rate of all pairs, fewer than {:.0f} of these pairs would match\n", leastExpected);
    }
    text += fmt::format("{} of {} people have no labels\n", groups.unlabelled, groups.all.people);
    std::string extremes;
    for (const StrangerGroups::Kind& kind : groups.kinds) {
        for (size_t i = 0; i < groups.at.rates.size(); ++i) {
            if (const auto found = groups.extremes(kind, i)) {
                const double mean = kind.mean.rate(i);
                extremes += fmt::format("{:17} {:4.0e} {:9.2e} {:6.2f} {:25} {:6.2f} {}\n", kind.name,
                                        groups.at.rates[i], mean, over(found->worst->rate(i), mean), found->worst->name,
                                        over(found->best->rate(i), mean), found->best->name);
            }
        }
    }
    if (!extremes.empty()) {
        text += fmt::format("\n{:17} {:>5} {:>9} {:32} {}\n", "group over mean", "at", "mean", "  worst", "  best") +
                extremes;
    }
    return text;
}

nlohmann::json report(const StrangerGroups& groups) {
    const auto row = [&](const StrangerGroup& group) {
        nlohmann::json rates = nlohmann::json::array();
        for (size_t i = 0; i < groups.at.rates.size(); ++i) {
            rates.push_back({{"at_rate", groups.at.rates[i]},
                             {"matches", group.matches[i]},
                             {"false_match_rate", group.rate(i)},
                             {"ratio", over(group.rate(i), groups.all.rate(i))},
                             {"enough_pairs", groups.enough(group, i)}});
        }
        return nlohmann::json{
            {"group", group.name}, {"people", group.people}, {"pairs", group.pairs}, {"rates", std::move(rates)}};
    };
    nlohmann::json kinds = nlohmann::json::object();
    for (const StrangerGroups::Kind& kind : groups.kinds) {
        nlohmann::json rows = nlohmann::json::array(), extremes = nlohmann::json::array();
        for (const StrangerGroup& group : kind.groups) {
            rows.push_back(row(group));
        }
        for (size_t i = 0; i < groups.at.rates.size(); ++i) {
            if (const auto found = groups.extremes(kind, i)) {
                const double mean = kind.mean.rate(i);
                extremes.push_back({{"at_rate", groups.at.rates[i]},
                                    {"worst", found->worst->name},
                                    {"worst_over_mean", over(found->worst->rate(i), mean)},
                                    {"best", found->best->name},
                                    {"best_over_mean", over(found->best->rate(i), mean)}});
            }
        }
        std::string key = kind.name;
        std::replace(key.begin(), key.end(), ' ', '_');
        kinds[key] = {{"groups", std::move(rows)}, {"mean", row(kind.mean)}, {"over_mean", std::move(extremes)}};
    }
    return {{"all", row(groups.all)}, {"people_without_labels", groups.unlabelled}, {"by", std::move(kinds)}};
}

}  // namespace drgan::eval
