// SPDX-License-Identifier: Apache-2.0
//
// Groups of strangers whose pairs can be counted by hand: cosines are 1, 0.8 or 0.

#include "eval/stranger_groups.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace drgan::eval {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Adds a picture of a person, with ones (or others) at these places of its embedding.
void add(Strangers& strangers, size_t person, const std::vector<std::pair<int, float>>& values) {
    constexpr int length = 16;
    cv::Mat row = cv::Mat::zeros(1, length, CV_32F);
    for (const auto& [place, value] : values) {
        row.at<float>(place) = value;
    }
    strangers.embeddings.push_back(row);
    strangers.units.push_back(row / cv::norm(row));
    strangers.persons.push_back(person);
    strangers.people = std::max(strangers.people, person + 1);
}

/// Eight people. 0 to 3 are women: 0 and 1 are the same, 2 is 0.8 similar to both, 3 has nothing of them but two
/// pictures. 4 to 6 are men: 4 and 5 are the same as 3; 6 is by himself. Of 7, who is the same as 0, nothing is known.
struct Eight {
    Strangers strangers;
    std::vector<PersonLabels> labels = {
        {"3-9", "Female", "A"}, {"3-9", "Female", "B"}, {"20-29", "Female", "A"}, {"20-29", "Female", "B"},
        {"", "Male", "A"},      {"3-9", "Male", "A"},   {"20-29", "Male", "B"},   {}};
    cv::drgan::Thresholds at;

    Eight() {
        add(strangers, 0, {{0, 1}});
        add(strangers, 1, {{0, 2}});
        add(strangers, 2, {{0, 0.8F}, {1, 0.6F}});
        add(strangers, 3, {{2, 1}});
        add(strangers, 3, {{2, 1}});
        add(strangers, 4, {{2, 1}});
        add(strangers, 5, {{2, 3}});
        add(strangers, 6, {{3, 1}});
        add(strangers, 7, {{0, 1}});
        at.rates = {0.1, 0.01, 0.001};
        at.cosines = {0.3F, 0.7F, 0.9F};
    }
};

std::vector<std::string> names(const StrangerGroups::Kind& kind) {
    std::vector<std::string> names;
    for (const StrangerGroup& group : kind.groups) {
        names.push_back(group.name);
    }
    return names;
}

TEST(StrangerGroups, CountsThePairsOfEachGroup) {
    const Eight eight;
    const StrangerGroups groups = groupStrangers(eight.strangers, eight.labels, eight.at);
    EXPECT_THAT(groups.at.rates, ElementsAre(0.01, 0.001));  // one in ten is too many
    EXPECT_THAT(groups.at.cosines, ElementsAre(0.7F, 0.9F));
    EXPECT_EQ(groups.unlabelled, 1U);
    EXPECT_EQ(groups.all.people, 8U);
    EXPECT_EQ(groups.all.pairs, 9U * 8 / 2 - 1);  // not the two pictures of 3
    // At 0.9: 0, 1 and 7 with each other; both pictures of 3 with 4 and 5; 4 with 5. At 0.7: 2 with 0, 1 and 7 as well.
    EXPECT_THAT(groups.all.matches, ElementsAre(11, 8));

    ASSERT_EQ(groups.kinds.size(), 4U);
    const StrangerGroups::Kind& gender = groups.kinds[0];
    EXPECT_EQ(gender.name, "gender");
    ASSERT_THAT(names(gender), ElementsAre("Female", "Male"));
    EXPECT_EQ(gender.groups[0].people, 4U);
    EXPECT_EQ(gender.groups[0].pairs, 5U * 4 / 2 - 1);
    EXPECT_THAT(gender.groups[0].matches, ElementsAre(3, 1));
    EXPECT_DOUBLE_EQ(gender.groups[0].rate(0), 3. / 9);
    EXPECT_EQ(gender.groups[1].pairs, 3U);
    EXPECT_THAT(gender.groups[1].matches, ElementsAre(1, 1));
    EXPECT_EQ(gender.mean.people, 7U);
    EXPECT_EQ(gender.mean.pairs, 12U);
    EXPECT_THAT(gender.mean.matches, ElementsAre(4, 2));

    const StrangerGroups::Kind& race = groups.kinds[1];
    ASSERT_THAT(names(race), ElementsAre("A", "B"));
    EXPECT_EQ(race.groups[0].pairs, 6U);                     // of 0, 2, 4, 5
    EXPECT_THAT(race.groups[0].matches, ElementsAre(2, 1));  // 0 with 2, 4 with 5
    EXPECT_EQ(race.groups[1].pairs, 5U);                     // of 1, 3 twice, 6
    EXPECT_THAT(race.groups[1].matches, ElementsAre(0, 0));

    const StrangerGroups::Kind& both = groups.kinds[2];
    EXPECT_EQ(both.name, "race and gender");
    ASSERT_THAT(names(both), ElementsAre("A, Female", "A, Male", "B, Female"));  // 6 has nobody to pair with
    EXPECT_THAT(both.groups[0].matches, ElementsAre(1, 0));                      // 0 with 2
    EXPECT_THAT(both.groups[1].matches, ElementsAre(1, 1));                      // 4 with 5
    EXPECT_THAT(both.groups[2].matches, ElementsAre(0, 0));                      // 1 with 3, twice
    EXPECT_EQ(both.groups[2].pairs, 2U);
    EXPECT_EQ(both.mean.pairs, 4U);
    EXPECT_EQ(both.mean.people, 6U);

    const StrangerGroups::Kind& age = groups.kinds[3];
    ASSERT_THAT(names(age), ElementsAre("3-9", "20-29"));  // not as text
    EXPECT_EQ(age.groups[0].pairs, 3U);                    // of 0, 1, 5
    EXPECT_THAT(age.groups[0].matches, ElementsAre(1, 1));
    EXPECT_EQ(age.groups[1].pairs, 5U);  // of 2, 3 twice, 6
}

TEST(StrangerGroups, LeavesOutWhoHasNoPicture) {
    Eight eight;
    eight.labels.push_back({"3-9", "Female", "A"});  // a person of the set, but left out of the strangers
    eight.labels.push_back({});
    const StrangerGroups groups = groupStrangers(eight.strangers, eight.labels, eight.at);
    EXPECT_EQ(groups.all.people, 8U);
    EXPECT_EQ(groups.unlabelled, 1U);
    EXPECT_EQ(groups.kinds[0].groups[0].people, 4U);
}

TEST(StrangerGroups, HasOnlyTheKindsThatAreLabelled) {
    Eight eight;
    for (PersonLabels& labels : eight.labels) {
        labels.age = labels.race = "";
    }
    const StrangerGroups groups = groupStrangers(eight.strangers, eight.labels, eight.at);
    ASSERT_EQ(groups.kinds.size(), 1U);
    EXPECT_EQ(groups.kinds[0].name, "gender");
}

/// 40 women and 60 men with one picture each; the first 20 women are all the same, and the first 10 men are.
StrangerGroups hundred() {
    Strangers strangers;
    std::vector<PersonLabels> labels;
    std::vector<cv::Mat> rows;
    for (size_t person = 0; person < 100; ++person) {
        const bool woman = person < 40;
        cv::Mat row = cv::Mat::zeros(1, 102, CV_32F);
        const bool alike = woman ? person < 20 : person < 50;
        row.at<float>(alike ? (woman ? 100 : 101) : static_cast<int>(person)) = 1;
        strangers.units.push_back(row);
        strangers.persons.push_back(person);
        labels.push_back({person < 3 ? "0-2" : "", woman ? "Female" : "Male", ""});
    }
    strangers.people = 100;
    cv::drgan::Thresholds at;
    at.rates = {0.01};
    at.cosines = {0.5F};
    return groupStrangers(strangers, labels, at);
}

TEST(StrangerGroups, ComparesTheGroupsThatHaveEnoughPairs) {
    const StrangerGroups groups = hundred();
    const double all = (190. + 45) / 4950;  // pairs of 20 and of 10 people
    EXPECT_DOUBLE_EQ(groups.all.rate(0), all);
    ASSERT_EQ(groups.kinds.size(), 2U);
    const StrangerGroups::Kind &gender = groups.kinds[0], &age = groups.kinds[1];
    EXPECT_TRUE(groups.enough(gender.groups[0], 0));  // 780 pairs: 37 expected
    EXPECT_FALSE(groups.enough(age.groups[0], 0));    // 3 pairs
    const auto extremes = groups.extremes(gender, 0);
    ASSERT_TRUE(extremes);
    EXPECT_EQ(extremes->worst->name, "Female");
    EXPECT_EQ(extremes->best->name, "Male");
    EXPECT_FALSE(groups.extremes(age, 0));  // one group, which has too few

    const nlohmann::json json = report(groups);
    EXPECT_EQ(json.at("people_without_labels"), 0);
    EXPECT_EQ(json.at("all").at("pairs"), 4950);
    const nlohmann::json& women = json.at("by").at("gender").at("groups").at(0);
    EXPECT_EQ(women.at("group"), "Female");
    EXPECT_EQ(women.at("people"), 40);
    EXPECT_EQ(women.at("pairs"), 780);
    const nlohmann::json& rate = women.at("rates").at(0);
    EXPECT_DOUBLE_EQ(rate.at("at_rate"), 0.01);
    EXPECT_EQ(rate.at("matches"), 190);
    EXPECT_DOUBLE_EQ(rate.at("false_match_rate"), 190. / 780);
    EXPECT_DOUBLE_EQ(rate.at("ratio"), 190. / 780 / all);
    EXPECT_EQ(rate.at("enough_pairs"), true);
    const double mean = 235. / (780 + 1770);
    EXPECT_DOUBLE_EQ(json.at("by").at("gender").at("mean").at("rates").at(0).at("false_match_rate"), mean);
    const nlohmann::json& over = json.at("by").at("gender").at("over_mean").at(0);
    EXPECT_EQ(over.at("worst"), "Female");
    EXPECT_DOUBLE_EQ(over.at("worst_over_mean"), 190. / 780 / mean);
    EXPECT_EQ(over.at("best"), "Male");
    EXPECT_DOUBLE_EQ(over.at("best_over_mean"), 45. / 1770 / mean);
    EXPECT_TRUE(json.at("by").at("age").at("over_mean").empty());
    EXPECT_EQ(json.at("by").at("age").at("groups").at(0).at("rates").at(0).at("enough_pairs"), false);
}

TEST(StrangerGroups, MarksInTheTableWhatHasTooFewPairs) {
    const std::string text = table(hundred());
    EXPECT_THAT(text, HasSubstr("  Female                         40        780   2.44e-01   5.13 \n"));
    EXPECT_THAT(text, HasSubstr("  0-2                             3          3   1.00e+00  21.06*\n"));
    EXPECT_THAT(text, HasSubstr("* at the rate of all pairs, fewer than 10"));
    EXPECT_THAT(text, HasSubstr("0 of 100 people have no labels"));
    EXPECT_THAT(text, testing::ContainsRegex("gender +1e-02 +9.22e-02 +2.64 Female +0.28 Male\n"));
}

TEST(StrangerGroups, HasNoRatioWhereNoPairMatches) {
    Eight eight;
    eight.at.cosines = {1.1F, 1.1F, 1.1F};
    const StrangerGroups groups = groupStrangers(eight.strangers, eight.labels, eight.at);
    EXPECT_EQ(groups.all.rate(0), 0);
    EXPECT_TRUE(std::isnan(report(groups).at("all").at("rates").at(0).at("ratio").get<double>()));
    EXPECT_FALSE(groups.extremes(groups.kinds[0], 0));
}

}  // namespace
}  // namespace drgan::eval
