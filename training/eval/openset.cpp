// SPDX-License-Identifier: Apache-2.0

#include "openset.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace drgan::eval {

namespace {

constexpr int sizes[] = {10, 100, 1000};
constexpr int peopleDrawn = 2000;  // over all draws of a size
constexpr int mostDraws = 100;
constexpr size_t mostStrangers = 1000;  // pictures of a draw

using Random = std::mt19937;

/// Where a gallery's best match is right, how alike it is.
struct Mated {
    std::vector<float> right;  ///< similarity; -infinity where somebody else is more alike
    size_t byRule = 0;
    size_t wrongByRule = 0;
};

struct Results {
    Mated frontal, profile;
    std::vector<float> strangers;  ///< similarity to whom they are most like
    size_t strangersByRule = 0;
    double thresholds = 0;
    double images = 0;
};

/// No std::shuffle and no distribution: those differ between libraries.
template <typename T>
void shuffle(std::vector<T>& values, size_t first, size_t last, Random& random) {
    for (size_t i = first; i + 1 < last; ++i) {
        std::swap(values[i], values[i + random() % (last - i)]);
    }
}

/// A person's pictures: frontal ones first, each kind in random order.
std::vector<std::string> inOrder(const Person& person, Random& random) {
    std::vector<std::string> order;
    for (const auto& kind : {person.frontal, person.between, person.profile}) {
        const size_t first = order.size();
        order.insert(order.end(), kind.begin(), kind.end());
        shuffle(order, first, order.size(), random);
    }
    return order;
}

bool isIn(const std::vector<std::string>& list, const std::string& picture) {
    return std::find(list.begin(), list.end(), picture) != list.end();
}

class Draw {
public:
    Draw(const Persons& persons, const Encodings& encodings, const Strangers& strangers,
         const cv::drgan::NamingRule& rule, Results& results)
        : persons_(persons), encodings_(encodings), strangers_(strangers), rule_(rule), results_(results) {}

    /// @param order persons; the first `people` of them are in the gallery
    void run(const std::vector<size_t>& order, int people, Random& random) const {
        const int length = encodings_.begin()->second.embedding.cols;
        const auto gallery = cv::drgan::Gallery::createEmpty(length, "drawn");
        std::vector<std::pair<size_t, std::string>> probes;
        size_t enrolled = 0;
        for (size_t i = 0; i < static_cast<size_t>(people); ++i) {
            const auto of = inOrder(persons_[order[i]], random);
            const size_t used = of.size() > 2 ? 2 : 1;
            for (size_t k = 0; k < of.size(); ++k) {
                const Embedder::Encoding& encoding = encodings_.at(of[k]);
                if (k < used) {
                    gallery->add(nameOf(order[i]), encoding.embedding, encoding.confidence);
                    ++enrolled;
                } else {
                    probes.emplace_back(order[i], of[k]);
                }
            }
        }
        results_.images += static_cast<double>(enrolled) / people;
        for (const auto& [person, picture] : probes) {
            const bool frontal = isIn(persons_[person].frontal, picture);
            if (frontal || isIn(persons_[person].profile, picture)) {
                mated(*gallery, person, picture, frontal ? results_.frontal : results_.profile);
            }
        }
        if (strangers_.persons.empty()) {
            searchOthers(*gallery, order, static_cast<size_t>(people));
        } else {
            const size_t all = strangers_.persons.size(), some = std::min(all, mostStrangers);
            for (size_t i = 0; i < some; ++i) {
                const size_t row = (i * all + random() % all) / some % all;  // spread over them, others each time
                stranger(*gallery, strangers_.embeddings.row(static_cast<int>(row)));
            }
        }
    }

private:
    static std::string nameOf(size_t person) { return std::to_string(person); }

    void mated(const cv::drgan::Gallery& gallery, size_t person, const std::string& picture, Mated& results) const {
        const auto found = gallery.identify(encodings_.at(picture).embedding, rule_);
        results.right.push_back(found.best == nameOf(person) ? found.similarity
                                                             : -std::numeric_limits<float>::infinity());
        results.byRule += found.name == nameOf(person) ? 1 : 0;
        results.wrongByRule += !found.name.empty() && found.name != nameOf(person) ? 1 : 0;
    }

    void stranger(const cv::drgan::Gallery& gallery, const cv::Mat& embedding) const {
        const auto found = gallery.identify(embedding, rule_);
        results_.strangers.push_back(found.similarity);
        results_.strangersByRule += found.name.empty() ? 0 : 1;
        results_.thresholds += static_cast<double>(found.threshold);
    }

    /// Those who are not in the gallery, a picture of each in turn.
    void searchOthers(const cv::drgan::Gallery& gallery, const std::vector<size_t>& order, size_t first) const {
        size_t searched = 0;
        for (size_t k = 0, left = 1; left > 0 && searched < mostStrangers; ++k) {
            left = 0;
            for (size_t i = first; i < order.size() && searched < mostStrangers; ++i) {
                const Person& person = persons_[order[i]];
                size_t at = k;
                for (const auto* kind : {&person.frontal, &person.between, &person.profile}) {
                    if (at < kind->size()) {
                        stranger(gallery, encodings_.at((*kind)[at]).embedding);
                        ++searched;
                        ++left;
                        break;
                    }
                    at -= kind->size();
                }
            }
        }
    }

    const Persons& persons_;
    const Encodings& encodings_;
    const Strangers& strangers_;
    const cv::drgan::NamingRule& rule_;
    Results& results_;
};

/// Above which the share of the scores is at most `share`.
float scoreAt(std::vector<float> scores, double share) {
    std::sort(scores.begin(), scores.end(), std::greater<>());
    const auto allowed = static_cast<size_t>(share * static_cast<double>(scores.size()));
    return allowed < scores.size() ? scores[allowed] : -std::numeric_limits<float>::infinity();
}

OpenSet::Probes summary(const Mated& mated, const std::vector<float>& strangers) {
    OpenSet::Probes probes;
    probes.searches = mated.right.size();
    if (probes.searches == 0) {
        return probes;
    }
    const auto all = static_cast<double>(probes.searches);
    const auto above = [&](double share) {
        const float limit = scoreAt(strangers, share);
        return static_cast<double>(std::count_if(mated.right.begin(), mated.right.end(),
                                                 [limit](float score) { return score > limit; })) /
               all;
    };
    probes.atFpir10 = above(0.1);
    probes.atFpir1 = above(0.01);
    probes.byRule = static_cast<double>(mated.byRule) / all;
    probes.wrongByRule = static_cast<double>(mated.wrongByRule) / all;
    return probes;
}

}  // namespace

std::vector<OpenSet> identifyOpenSet(const Persons& persons, const Encodings& encodings, const Strangers& strangers,
                                     const cv::drgan::NamingRule& rule) {
    std::vector<size_t> order(persons.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_partition(order.begin(), order.end(), [&](size_t i) { return pictures(persons[i]) > 1; });
    const auto several = static_cast<size_t>(
        std::count_if(persons.begin(), persons.end(), [](const Person& person) { return pictures(person) > 1; }));
    std::vector<OpenSet> rows;
    for (const int size : sizes) {
        const auto people = static_cast<size_t>(size);
        if (several == 0 || people > persons.size() || (strangers.persons.empty() && people + 10 > persons.size())) {
            continue;
        }
        Random random(static_cast<unsigned>(size));
        Results results;
        OpenSet row;
        row.people = size;
        row.draws = std::clamp(peopleDrawn / size, 5, mostDraws);
        for (int draw = 0; draw < row.draws; ++draw) {
            shuffle(order, 0, several, random);
            shuffle(order, several, order.size(), random);
            Draw(persons, encodings, strangers, rule, results).run(order, size, random);
        }
        row.images = results.images / row.draws;
        row.strangerSearches = results.strangers.size();
        row.fpirByRule = static_cast<double>(results.strangersByRule) / static_cast<double>(row.strangerSearches);
        row.threshold = results.thresholds / static_cast<double>(row.strangerSearches);
        row.frontal = summary(results.frontal, results.strangers);
        row.profile = summary(results.profile, results.strangers);
        rows.push_back(row);
    }
    return rows;
}

std::string table(const std::vector<OpenSet>& rows) {
    if (rows.empty()) {
        return "not measured: there are fewer than 10 people, or nobody has two pictures\n";
    }
    std::string text =
        "people draws  strangers' searches  FPIR by rule (at)   searches       TPIR at FPIR 10 %    1 %  by rule  "
        "wrong "
        "name\n";
    for (const OpenSet& row : rows) {
        for (const auto& [name, probes] : {std::pair{"frontal", &row.frontal}, std::pair{"profile", &row.profile}}) {
            if (probes->searches > 0) {
                text += fmt::format(
                    "{:6} {:5} {:20} {:9.2f}%   ({:.3f}) {:10} {:7} {:13.2f}% {:6.2f}% {:6.2f}% {:9.2f}%\n", row.people,
                    row.draws, row.strangerSearches, 100 * row.fpirByRule, row.threshold, probes->searches, name,
                    100 * probes->atFpir10, 100 * probes->atFpir1, 100 * probes->byRule, 100 * probes->wrongByRule);
            }
        }
    }
    return text;
}

nlohmann::json report(const std::vector<OpenSet>& rows) {
    nlohmann::json list = nlohmann::json::array();
    for (const OpenSet& row : rows) {
        nlohmann::json entry = {{"people", row.people},           {"draws", row.draws},
                                {"images_enrolled", row.images},  {"stranger_searches", row.strangerSearches},
                                {"fpir_by_rule", row.fpirByRule}, {"threshold_by_rule", row.threshold}};
        for (const auto& [name, probes] : {std::pair{"frontal", &row.frontal}, std::pair{"profile", &row.profile}}) {
            if (probes->searches > 0) {
                entry[name] = {{"searches", probes->searches},
                               {"tpir_at_fpir_10_percent", probes->atFpir10},
                               {"tpir_at_fpir_1_percent", probes->atFpir1},
                               {"tpir_by_rule", probes->byRule},
                               {"wrong_name_by_rule", probes->wrongByRule}};
            }
        }
        list.push_back(std::move(entry));
    }
    return list;
}

}  // namespace drgan::eval
