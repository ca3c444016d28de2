// SPDX-License-Identifier: Apache-2.0
//
// Strangers' cosines, thresholds in a manifest, and open-set identification, on synthetic embeddings.

#include "eval/openset.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>

#include "small_face_set.hpp"
#include "temporary_folder.hpp"
#include "tiny_onnx.hpp"

namespace drgan::eval {
namespace {

using drgan::test::messageOf;
using drgan::test::readText;
using drgan::test::TemporaryFolder;
using drgan::test::writeText;
using testing::AllOf;
using testing::HasSubstr;

constexpr int length = 32;

cv::Mat noise(cv::RNG& random, double deviation = 1) {
    cv::Mat row(1, length, CV_32F);
    random.fill(row, cv::RNG::NORMAL, 0, deviation);
    return row;
}

struct People {
    Persons persons;
    Encodings encodings;
};

/// Each picture is the person's direction plus noise of `deviation` times its length.
People makePeople(int count, int frontal, int profile, double deviation, unsigned seed) {
    cv::RNG random(seed);
    People people;
    for (int i = 0; i < count; ++i) {
        Person person;
        const cv::Mat direction = noise(random);
        for (int k = 0; k < frontal + profile; ++k) {
            const std::string name = std::to_string(seed) + " " + std::to_string(i) + " " + std::to_string(k);
            people.encodings[name] = {direction + noise(random, deviation), 0.5F};
            (k < frontal ? person.frontal : person.profile).push_back(name);
        }
        people.persons.push_back(person);
    }
    return people;
}

TEST(StrangersCosines, AreThoseOfThePairsOfTwoPeople) {
    const People people = makePeople(150, 2, 1, 0.3, 1);
    const Strangers strangers = strangersOf(people.persons, people.encodings);
    ASSERT_EQ(strangers.units.rows, 450);
    std::vector<float> cosines;
    for (int i = 0; i < 450; ++i) {
        for (int j = i + 1; j < 450; ++j) {
            if (i / 3 != j / 3) {
                cosines.push_back(static_cast<float>(strangers.units.row(i).dot(strangers.units.row(j))));
            }
        }
    }
    const FalseMatches measured = measureStrangers(strangers);
    EXPECT_EQ(measured.people, 150U);
    EXPECT_EQ(measured.pictures, 450U);
    EXPECT_EQ(measured.pairs, cosines.size());
    EXPECT_EQ(measured.thresholds.rates, (std::vector<double>{0.1, 0.01, 0.001}));  // 1e-4 is 10 of 100,000 pairs
    for (size_t i = 0; i < 3; ++i) {
        const auto atOrAbove = [&](double cosine) {
            return std::count_if(cosines.begin(), cosines.end(),
                                 [cosine](float c) { return static_cast<double>(c) >= cosine; });
        };
        const double wanted = measured.thresholds.rates[i] * static_cast<double>(cosines.size());
        const auto found = static_cast<double>(measured.thresholds.cosines[i]);
        EXPECT_LE(atOrAbove(found + 1e-6), wanted + 1) << i;
        EXPECT_GT(atOrAbove(found - cosineStep - 1e-6), wanted - 1) << i;
    }
}

TEST(StrangersCosines, CountNobodyTwice) {
    People people = makePeople(150, 1, 0, 0.3, 8);
    const Strangers all = strangersOf(people.persons, people.encodings);
    // 20 and 30 are copies of 10, and 31 is similar only to 30.
    const cv::Mat ten = all.embeddings.row(10), far = all.embeddings.row(31).clone();
    const auto put = [&](size_t person, const cv::Mat& row) {
        people.encodings.at(people.persons[person].frontal[0]).embedding = row.clone();
    };
    put(20, ten + 0.1 * far);
    put(30, ten + 0.4 * far);
    put(31, ten + 1.2 * far);
    const Strangers twice = strangersOf(people.persons, people.encodings);
    const auto alike = [&](int a, int b) { return twice.units.row(a).dot(twice.units.row(b)); };
    ASSERT_GT(alike(10, 20), 0.8);
    ASSERT_GT(alike(10, 30), 0.8);
    ASSERT_LT(alike(10, 31), 0.8);
    ASSERT_GT(alike(30, 31), 0.8);
    const Strangers once = withoutSame(twice, 0.8);
    EXPECT_EQ(once.people, 148U);
    EXPECT_EQ(once.units.rows, 148);
    EXPECT_EQ(std::count(once.persons.begin(), once.persons.end(), 20U), 0);
    EXPECT_EQ(std::count(once.persons.begin(), once.persons.end(), 30U), 0);
    EXPECT_EQ(std::count(once.persons.begin(), once.persons.end(), 31U), 1) << "30, similar to them, was dropped";
    EXPECT_EQ(measureStrangers(once).pairs, 148U * 147 / 2);
}

TEST(StrangersCosines, OfTooFewAreRefused) {
    const People people = makePeople(50, 1, 0, 0.3, 2);
    EXPECT_THAT(messageOf([&] { measureStrangers(strangersOf(people.persons, people.encodings)); }),
                AllOf(HasSubstr("50 people give 1225 pairs"), HasSubstr("5000")));
}

TEST(StrangersCosines, GoIntoTheManifestAndChangeNothingElse) {
    const TemporaryFolder folder;
    drgan_test::writeTinyBundle(folder.path());
    const std::string path = folder / "manifest.json";
    const nlohmann::json before = nlohmann::json::parse(readText(path));
    cv::drgan::Thresholds thresholds;
    thresholds.rates = {1e-1, 1e-2, 1e-6};
    thresholds.cosines = {0.12345F, 0.3F, 0.61F};
    for (int round = 0; round < 2; ++round) {  // the second round replaces the first one's thresholds
        writeThresholds(thresholds, folder.path());
        const cv::drgan::Bundle bundle = cv::drgan::Bundle::load(folder.path());
        EXPECT_EQ(bundle.thresholds.rates, thresholds.rates);
        for (size_t i = 0; i < 3; ++i) {
            EXPECT_NEAR(bundle.thresholds.cosines[i], thresholds.cosines[i], 1e-5);
        }
        nlohmann::json after = nlohmann::json::parse(readText(path));
        after.erase("thresholds");
        EXPECT_EQ(after, before);
    }
    EXPECT_THAT(messageOf([&] { writeThresholds(thresholds, folder / "none"); }), HasSubstr("none/manifest.json"));
}

TEST(OpenSetIdentification, NamesWhoIsThereAndNobodyElse) {
    const People people = makePeople(120, 4, 2, 0.2, 3);
    const Strangers nobody;
    cv::drgan::NamingRule rule;
    rule.threshold = 0.7;
    const auto rows = identifyOpenSet(people.persons, people.encodings, nobody, rule);
    ASSERT_EQ(rows.size(), 2U);  // 10, 100
    for (const OpenSet& row : rows) {
        EXPECT_EQ(row.images, 2);
        EXPECT_EQ(row.frontal.searches, static_cast<size_t>(row.draws * row.people * 2));  // two of four are enrolled
        EXPECT_EQ(row.profile.searches, static_cast<size_t>(row.draws * row.people * 2));
        for (const OpenSet::Probes& probes : {row.frontal, row.profile}) {
            EXPECT_EQ(probes.atFpir10, 1);
            EXPECT_EQ(probes.atFpir1, 1);
            EXPECT_GT(probes.byRule, 0.99);
            EXPECT_EQ(probes.wrongByRule, 0);
        }
        EXPECT_LT(row.fpirByRule, 0.02);
        EXPECT_NEAR(row.threshold, 0.7, 1e-6);
    }
    EXPECT_EQ(rows[0].strangerSearches, static_cast<size_t>(rows[0].draws) * 110 * 6);
    EXPECT_EQ(rows[1].strangerSearches, static_cast<size_t>(rows[1].draws) * 20 * 6);
}

TEST(OpenSetIdentification, StrangersAreNamedAsOftenAsTheRuleIsAskedFor) {
    const People people = makePeople(300, 2, 0, 1, 4);
    const People others = makePeople(3000, 1, 0, 1, 5);
    const Strangers strangers = strangersOf(others.persons, others.encodings);
    cv::drgan::NamingRule rule;
    rule.thresholds = measureStrangers(strangers).thresholds;
    rule.margin = 0;
    rule.strangerRate = 0.05;
    const auto rows = identifyOpenSet(people.persons, people.encodings, strangers, rule);
    ASSERT_EQ(rows.size(), 2U);
    for (const OpenSet& row : rows) {
        EXPECT_NEAR(row.fpirByRule, 0.05, 0.015) << row.people;  // enrolled: one of two pictures, as measured
        EXPECT_EQ(row.images, 1);
        EXPECT_EQ(row.profile.searches, 0U);
        EXPECT_GT(row.frontal.atFpir10, row.frontal.byRule);
        EXPECT_GT(row.frontal.byRule, row.frontal.atFpir1);
    }
    EXPECT_GT(rows[1].threshold, rows[0].threshold + 0.05);
}

TEST(OpenSetIdentification, IsNotMeasuredOfTooFew) {
    const People few = makePeople(15, 3, 0, 0.2, 6), single = makePeople(50, 1, 0, 0.2, 7);
    EXPECT_TRUE(identifyOpenSet(few.persons, few.encodings, {}, {}).empty());
    EXPECT_TRUE(identifyOpenSet(single.persons, single.encodings, {}, {}).empty());
    EXPECT_THAT(table(std::vector<OpenSet>()), HasSubstr("not measured"));
}

class StrangersProgram : public testing::Test {
protected:
    StrangersProgram() {
        drgan_test::writeTinyBundle(folder_ / "bundle");
        SmallFaceSet how;
        how.people = 40;
        how.devPeople = 10;
        writeSmallFaceSet(folder_ / "faces.safetensors", how);
    }
    int run(const std::string& arguments) {
        const char* program = std::getenv("DRGAN_EVAL_PROGRAM");
        if (program == nullptr) {
            ADD_FAILURE() << "DRGAN_EVAL_PROGRAM is not set";
            return -1;
        }
        const int status =
            std::system((std::string(program) + " " + arguments + " > " + (folder_ / "log") + " 2>&1").c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    std::string log() { return readText(folder_ / "log"); }

    TemporaryFolder folder_;
    const std::string strangers = " --strangers " + (folder_ / "faces.safetensors");
};

TEST_F(StrangersProgram, MeasuresAloneAndWritesTheManifest) {
    const std::string json = folder_ / "result.json";
    ASSERT_EQ(run("--bundle " + (folder_ / "bundle") + strangers + " --strangers-split all --write-thresholds --json " +
                  json),
              0)
        << log();
    const nlohmann::json report = nlohmann::json::parse(readText(json));
    EXPECT_EQ(report.at("strangers").at("people"), 40);
    EXPECT_EQ(report.at("strangers").at("pictures"), 160);
    EXPECT_EQ(report.at("strangers").at("pairs"), 160 * 156 / 2);
    const auto bundle = cv::drgan::Bundle::load(folder_ / "bundle");
    ASSERT_EQ(bundle.thresholds.rates, (std::vector<double>{0.1, 0.01}));
    EXPECT_NEAR(bundle.thresholds.cosines[1], report.at("strangers").at("thresholds").at(1).at("cosine").get<double>(),
                1e-5);
}

TEST_F(StrangersProgram, IdentifiesAmongThem) {
    const std::string json = folder_ / "result.json";
    ASSERT_EQ(run("--bundle " + (folder_ / "bundle") + strangers + " --strangers-split all --faces " +
                  (folder_ / "faces.safetensors") + " --split train --json " + json),
              0)
        << log();
    const nlohmann::json rows = nlohmann::json::parse(readText(json)).at("open_set").at("rows");
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].at("people"), 10);
    EXPECT_TRUE(rows[0].contains("frontal") || rows[0].contains("profile"));
    EXPECT_THAT(log(), AllOf(HasSubstr("Open-set identification"), HasSubstr("TPIR at FPIR")));
}

TEST_F(StrangersProgram, ComparesGroupsAndSaysHowManyPairsAreAccepted) {
    const std::string json = folder_ / "result.json", labels = folder_ / "labels.csv";
    std::string text = "person,gender,note\n";
    for (int i = 1; i < 40; ++i) {  // all but person0
        text += "person" + std::to_string(i) + (i % 2 ? ",Female,\n" : ",Male,\n");
    }
    writeText(labels, text);
    const std::string arguments = "--bundle " + (folder_ / "bundle") + strangers + " --strangers-split all --faces " +
                                  (folder_ / "faces.safetensors") + " --split train --strangers-labels " + labels;
    ASSERT_EQ(run(arguments + " --json " + json), 0) << log();
    const nlohmann::json report = nlohmann::json::parse(readText(json));
    const nlohmann::json& groups = report.at("strangers").at("groups");
    EXPECT_EQ(groups.at("labels"), "labels.csv");
    EXPECT_EQ(groups.at("people_without_labels"), 1);
    EXPECT_EQ(groups.at("all").at("pairs"), 160 * 156 / 2);
    EXPECT_EQ(groups.at("by").at("gender").at("groups").at(0).at("pairs"), 80 * 76 / 2);
    EXPECT_FALSE(groups.at("by").contains("race"));
    const nlohmann::json& accepted = report.at("at_stranger_rates");
    EXPECT_EQ(accepted.at("pairs").at("frontal_frontal"), 30);
    EXPECT_EQ(accepted.at("pairs").at("frontal_profile"), 60);
    EXPECT_EQ(accepted.at("pairs").at("templates_2"), 30 * 20);
    EXPECT_EQ(accepted.at("pairs").at("templates_4"), 0);
    EXPECT_EQ(accepted.at("rows").at(1).at("cosine"), report.at("strangers").at("thresholds").at(1).at("cosine"));
    EXPECT_THAT(log(), AllOf(HasSubstr("Strangers of one group"), HasSubstr("1 of 40 people have no labels"),
                             HasSubstr("TAR at the strangers' cosines")));
    writeText(labels, "person,gender\nann,Female\n");
    EXPECT_EQ(run(arguments), 1);
    EXPECT_THAT(log(), HasSubstr("labels.csv: there are labels of 1 people, but of none of the 40 strangers"));
    EXPECT_NE(run("--bundle " + (folder_ / "bundle") + " --strangers-labels " + labels), 0);
    EXPECT_THAT(log(), HasSubstr("--strangers-labels requires --strangers"));
}

TEST_F(StrangersProgram, RefusesTooFewAndLeavesTheManifest) {
    const std::string before = readText(folder_ / "bundle/manifest.json");
    EXPECT_EQ(run("--bundle " + (folder_ / "bundle") + strangers + " --write-thresholds"), 1);  // only ten dev people
    EXPECT_THAT(log(), HasSubstr("10 people give 720 pairs"));
    EXPECT_EQ(readText(folder_ / "bundle/manifest.json"), before);
    EXPECT_EQ(run("--recognizer " + (folder_ / "bundle/encoder.onnx") + " --size 16" + strangers +
                  " --strangers-split all --write-thresholds"),
              1);
    EXPECT_THAT(log(), HasSubstr("--write-thresholds needs a --bundle"));
}

}  // namespace
}  // namespace drgan::eval
