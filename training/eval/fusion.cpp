// SPDX-License-Identifier: Apache-2.0

#include "fusion.hpp"

#include <spdlog/fmt/fmt.h>

namespace drgan::eval {

namespace {

constexpr size_t mostFused = 8;

/// Every left row against every right one; row i of each is of person i.
void addScores(const cv::Mat& left, const cv::Mat& right, PairScores& scores) {
    const cv::Mat cosines = left * right.t();
    for (int i = 0; i < cosines.rows; ++i) {
        for (int j = 0; j < cosines.cols; ++j) {
            (i == j ? scores.same : scores.different).push_back(cosines.at<float>(i, j));
        }
    }
}

Fusion::Measures measure(const std::vector<Draw>& draws, size_t n, Way way) {
    PairScores scores;
    for (const Draw& draw : draws) {
        const TemplatePairs pairs = makeTemplates(draw, n, way);
        addScores(pairs.left, pairs.right, scores);
    }
    return {equalErrorRate(scores), bestBalanced(scores).accuracy, acceptedAt(scores, 0.001)};
}

}  // namespace

std::vector<Fusion> byImagesFused(const Persons& persons, const std::vector<const Encodings*>& qualities, int draws) {
    const Persons people = reaching(persons, 1);
    const std::vector<Draw> all = makeDraws(people, qualities, draws);  // the same for every n and way
    std::vector<Fusion> rows;
    for (size_t n = 1; n <= mostFused; ++n) {
        if (!enoughReach(people, n)) {
            break;
        }
        Fusion row;
        row.n = static_cast<int>(n);
        row.people = reaching(people, n).size();
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
