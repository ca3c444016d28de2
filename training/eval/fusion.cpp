// SPDX-License-Identifier: Apache-2.0

#include "fusion.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <random>

namespace drgan::eval {

namespace {

constexpr size_t mostFused = 8;

/// One picture of a draw, in the quality that the draw gave it.
using Picture = const Embedder::Encoding*;

std::vector<std::string> shuffled(std::vector<std::string> pictures, std::mt19937& random) {
    std::shuffle(pictures.begin(), pictures.end(), random);
    return pictures;
}

/// The person's pictures in random order, frontal and profile in turn while both last.
std::vector<std::string> mixed(const Person& person, std::mt19937& random) {
    const std::vector<std::string> frontal = shuffled(person.frontal, random),
                                   profile = shuffled(person.profile, random),
                                   between = shuffled(person.between, random);
    std::vector<std::string> order;
    for (size_t i = 0; i < std::max(frontal.size(), profile.size()); ++i) {
        if (i < frontal.size()) {
            order.push_back(frontal[i]);
        }
        if (i < profile.size()) {
            order.push_back(profile[i]);
        }
    }
    order.insert(order.end(), between.begin(), between.end());
    return order;
}

size_t pictures(const Person& person) { return person.frontal.size() + person.profile.size() + person.between.size(); }

/// The two sides' pictures, for each person.
struct Draw {
    std::vector<std::vector<Picture>> sides[2];
};

Draw makeDraw(const Persons& persons, const std::vector<const Encodings*>& qualities, bool swapFirst,
              std::mt19937& random, std::mt19937& qualityRandom) {
    Draw draw;
    for (const Person& person : persons) {
        const std::vector<std::string> order = mixed(person, random);
        std::vector<Picture> sides[2];
        for (size_t i = 0; i < order.size(); ++i) {
            const Encodings& encodings = *qualities[qualities.size() > 1 ? qualityRandom() % qualities.size() : 0];
            // Frontal and profile alternate: pairs of them go to the sides in turn, so that both sides are mixed.
            sides[i / 2 % 2].push_back(&encodings.at(order[i]));
        }
        while (sides[0].size() > sides[1].size() + 1) {
            sides[1].push_back(sides[0].back());
            sides[0].pop_back();
        }
        // One side begins with a frontal and the other with a profile, which one by turns: n = 1 compares those.
        std::vector<Picture>& other = sides[swapFirst ? 0 : 1];
        if (other.size() > 1) {
            std::swap(other[0], other[1]);
        }
        for (int side = 0; side < 2; ++side) {
            draw.sides[side].push_back(std::move(sides[side]));
        }
    }
    return draw;
}

enum class Way { Confidence, Mean, Best };

cv::Mat makeTemplate(const std::vector<Picture>& side, size_t n, Way way) {
    cv::drgan::Template fused;
    const auto end = side.begin() + static_cast<long>(n);
    if (way == Way::Best) {
        const Picture best =
            *std::max_element(side.begin(), end, [](Picture a, Picture b) { return a->confidence < b->confidence; });
        fused.add(best->embedding, 1);
    } else {
        std::for_each(side.begin(), end, [&](Picture picture) {
            fused.add(picture->embedding, way == Way::Confidence ? picture->confidence : 1);
        });
    }
    cv::Mat embedding;
    fused.fused(embedding);
    return data::unit(embedding);
}

/// Every left row against every right one; row i of each is of person i.
void addScores(const cv::Mat& left, const cv::Mat& right, PairScores& scores) {
    const cv::Mat cosines = left * right.t();
    for (int i = 0; i < cosines.rows; ++i) {
        for (int j = 0; j < cosines.cols; ++j) {
            (i == j ? scores.same : scores.different).push_back(cosines.at<float>(i, j));
        }
    }
}

/// Of the people whose sides both have n pictures.
Fusion::Measures measure(const std::vector<Draw>& draws, size_t n, Way way) {
    PairScores scores;
    for (const Draw& draw : draws) {
        cv::Mat sides[2];
        for (size_t person = 0; person < draw.sides[0].size(); ++person) {
            if (std::min(draw.sides[0][person].size(), draw.sides[1][person].size()) < n) {
                continue;
            }
            for (int side = 0; side < 2; ++side) {
                sides[side].push_back(makeTemplate(draw.sides[side][person], n, way));
            }
        }
        addScores(sides[0], sides[1], scores);
    }
    return {equalErrorRate(scores), bestBalanced(scores).accuracy, acceptedAt(scores, 0.001)};
}

}  // namespace

std::vector<Fusion> byImagesFused(const Persons& persons, const std::vector<const Encodings*>& qualities, int draws) {
    const auto reaching = [](const Persons& people, size_t n) {
        Persons enough;
        std::copy_if(people.begin(), people.end(), std::back_inserter(enough),
                     [n](const Person& person) { return pictures(person) >= 2 * n; });
        return enough;
    };
    const Persons people = reaching(persons, 1);
    std::mt19937 random(1), qualityRandom(2);
    std::vector<Draw> all;  // the same for every n and way
    for (int i = 0; i < draws; ++i) {
        all.push_back(makeDraw(people, qualities, i % 2 == 1, random, qualityRandom));
    }
    std::vector<Fusion> rows;
    for (size_t n = 1; n <= mostFused; ++n) {
        const size_t enough = reaching(people, n).size();
        if (enough < 2 || 2 * enough < people.size()) {
            break;
        }
        Fusion row;
        row.n = static_cast<int>(n);
        row.people = enough;
        row.confidence = measure(all, n, Way::Confidence);
        row.mean = measure(all, n, Way::Mean);
        row.best = measure(all, n, Way::Best);
        rows.push_back(row);
    }
    return rows;
}

std::string table(const std::vector<Fusion>& rows) {
    std::string text = fmt::format("{:21}{:^33}{:^33}{:^33}\n{:>12} {:>7} ", "", "EER, %", "TAR at FAR 0.1 %, %",
                                   "accuracy, %", "images fused", "people");
    for (int i = 0; i < 3; ++i) {
        text += fmt::format("{:>11}{:>10}{:>10}  ", "confidence", "mean", "best");
    }
    text += '\n';
    for (const Fusion& r : rows) {
        text += fmt::format("{:12} {:7} ", r.n, r.people);
        for (double Fusion::Measures::*measure :
             {&Fusion::Measures::eer, &Fusion::Measures::tar, &Fusion::Measures::accuracy}) {
            text += fmt::format("{:11.2f}{:10.2f}{:10.2f}  ", 100 * r.confidence.*measure, 100 * r.mean.*measure,
                                100 * r.best.*measure);
        }
        text += '\n';
    }
    return text;
}

nlohmann::json report(const std::vector<Fusion>& rows) {
    nlohmann::json list = nlohmann::json::array();
    for (const Fusion& r : rows) {
        nlohmann::json row{{"images", r.n}, {"people", r.people}};
        for (const auto& [way, measures] : {std::pair{"confidence", &r.confidence}, std::pair{"mean", &r.mean},
                                            std::pair{"most_confident", &r.best}}) {
            row[std::string("eer_") + way] = measures->eer;
            row[std::string("tar_") + way] = measures->tar;
            row[std::string("accuracy_") + way] = measures->accuracy;
        }
        list.push_back(row);
    }
    return list;
}

}  // namespace drgan::eval
