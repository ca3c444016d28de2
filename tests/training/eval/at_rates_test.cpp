// SPDX-License-Identifier: Apache-2.0
//
// TARs that can be counted by hand.

#include "eval/at_rates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/template_draws.hpp"

namespace drgan::eval {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Embedder::Encoding encoding(float x, float y, float z, float confidence = 1) {
    return {(cv::Mat_<float>(1, 3) << x, y, z), confidence};
}

cv::drgan::Thresholds thresholds() {
    cv::drgan::Thresholds at;
    at.rates = {0.1, 0.01};
    at.cosines = {0.5F, 0.7F};
    return at;
}

TEST(AtRates, CountsAllPairsOfOnePerson) {
    Encodings encodings{{"a1", encoding(2, 0, 0)},       {"a2", encoding(0.8F, 0.6F, 0)}, {"a3", encoding(0, 0, 1)},
                        {"a4", encoding(1.2F, 1.6F, 0)}, {"b1", encoding(0, 1, 0)},       {"b2", encoding(0, 5, 0)},
                        {"c1", encoding(1, 0, 0)}};
    Persons persons(3);
    persons[0].frontal = {"a1", "a2", "a3"};
    persons[0].profile = {"a4"};
    persons[1].frontal = {"b1", "b2"};
    persons[2].between = {"c1"};
    const AtRates measured = acceptedAtRates(persons, encodings, thresholds());
    ASSERT_EQ(measured.kinds.size(), 5U);
    EXPECT_EQ(measured.kinds[0].key, "frontal_frontal");
    EXPECT_EQ(measured.kinds[0].pairs, 4U);                           // three of a, one of b
    EXPECT_THAT(measured.kinds[0].tar, ElementsAre(2. / 4, 2. / 4));  // 0.8, 0, 0; 1
    EXPECT_EQ(measured.kinds[1].key, "frontal_profile");
    EXPECT_EQ(measured.kinds[1].pairs, 3U);
    EXPECT_THAT(measured.kinds[1].tar, ElementsAre(2. / 3, 1. / 3));  // 0.6, 0.96, 0
    for (size_t i = 2; i < 5; ++i) {
        EXPECT_THAT(measured.kinds[i].tar, IsEmpty()) << i;  // only one person has two pictures for each side
    }
    const nlohmann::json json = report(measured);
    EXPECT_EQ(json.at("pairs").at("frontal_profile"), 3);
    EXPECT_EQ(json.at("pairs").at("templates_2"), 0);
    EXPECT_DOUBLE_EQ(json.at("rows").at(1).at("false_match_rate"), 0.01);
    EXPECT_FLOAT_EQ(json.at("rows").at(1).at("cosine"), 0.7F);
    EXPECT_DOUBLE_EQ(json.at("rows").at(1).at("tar").at("frontal_profile"), 1. / 3);
    EXPECT_FALSE(json.at("rows").at(1).at("tar").contains("templates_2"));
    EXPECT_THAT(table(measured), HasSubstr("frontal-frontal  frontal-profile"));
    EXPECT_THAT(table(measured),
                HasSubstr("           1e-02   0.7000            50.00            33.33                -"));
}

/// Four people with two frontal and two profile pictures each, one of each on either side of every draw. The frontal
/// pictures of a person are the same. So are the profiles of the first two people; those of the others have nothing in
/// common, but only the third one's are weighed as much as the frontal ones.
TEST(AtRates, WeighsTemplatesByConfidence) {
    Encodings encodings;
    Persons persons(4);
    for (size_t i = 0; i < 4; ++i) {
        const std::string name(1, static_cast<char>('a' + i));
        persons[i].frontal = {name + "1", name + "2"};
        persons[i].profile = {name + "3", name + "4"};
        encodings[name + "1"] = encodings[name + "2"] = encoding(1, 0, 0);
        encodings[name + "3"] = encoding(0, 1, 0, i == 3 ? 0.001F : 1);
        encodings[name + "4"] = i < 2 ? encoding(0, 1, 0) : encoding(0, 0, 1, i == 3 ? 0.001F : 1);
    }
    cv::drgan::Thresholds at = thresholds();
    at.cosines = {0.45F, 0.7F};  // the third person's templates are (1, 1, 0) and (1, 0, 1)
    const AtRates measured = acceptedAtRates(persons, encodings, at);
    EXPECT_THAT(measured.kinds[1].tar, ElementsAre(0, 0));
    EXPECT_EQ(measured.kinds[2].key, "templates_2");
    EXPECT_EQ(measured.kinds[2].pairs, 4U * usualDraws);
    EXPECT_THAT(measured.kinds[2].tar, ElementsAre(1, 3. / 4));
    EXPECT_THAT(measured.kinds[3].tar, IsEmpty());  // nobody has eight pictures
    EXPECT_DOUBLE_EQ(report(measured).at("rows").at(1).at("tar").at("templates_2"), 3. / 4);
}

TEST(AtRates, IsEmptyForPeopleWithOnePicture) {
    Encodings encodings{{"a", encoding(1, 0, 0)}, {"b", encoding(0, 1, 0)}};
    Persons persons(2);
    persons[0].frontal = {"a"};
    persons[1].profile = {"b"};
    for (const AtRates::Pairs& kind : acceptedAtRates(persons, encodings, thresholds()).kinds) {
        EXPECT_EQ(kind.pairs, 0U) << kind.name;
    }
}

}  // namespace
}  // namespace drgan::eval
