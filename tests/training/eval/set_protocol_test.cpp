// SPDX-License-Identifier: Apache-2.0
//
// drgan-eval on a face set. The set has ten dev people with faces at 0, 25, -50 and 80 degrees and turned views between
// them, so the expected counts can be calculated by hand.

#include "eval/set_protocol.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "small_face_set.hpp"
#include "temporary_folder.hpp"
#include "tiny_onnx.hpp"

namespace drgan::eval {
namespace {

using drgan::test::messageOf;
using drgan::test::readText;
using drgan::test::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;

constexpr int people = 40;
constexpr int devPeople = 10;
constexpr int rowsEach = 8;  // four real pictures, each followed by a turned view

std::string writeSet(const TemporaryFolder& folder, int side = 16) {
    SmallFaceSet how;
    how.side = side;
    how.people = people;
    how.devPeople = devPeople;
    writeSmallFaceSet(folder / "faces.safetensors", how);
    return folder / "faces.safetensors";
}

int rowOf(const std::string& name) { return std::stoi(name.substr(4)); }
int personOf(const std::string& name) { return rowOf(name) / rowsEach; }
/// 0 and 1: frontal, 2: in between, 3: profile
int pictureOf(const std::string& name) { return rowOf(name) % rowsEach / 2; }

TEST(SetProtocol, PairsAreOfRealDevFaces) {
    const TemporaryFolder folder;
    const SetProtocol set(writeSet(folder), {});
    EXPECT_EQ(set.persons().size(), 10U);
    EXPECT_EQ(set.faces().all().size(), 40U);
    std::set<int> seen;
    for (const char* protocol : {"FF", "FP"}) {
        const std::vector<Fold>& folds = set.protocols().at(protocol);
        ASSERT_EQ(folds.size(), 2U);  // not ten: a fold needs four people
        for (const Fold& fold : folds) {
            std::set<int> persons;
            std::set<std::pair<std::string, std::string>> different;
            size_t same = 0;
            for (const Pair& pair : fold.pairs) {
                for (const std::string& name : {pair.first, pair.second}) {
                    EXPECT_EQ(rowOf(name) % 2, 0) << name;  // a real picture
                    EXPECT_GE(personOf(name), people - devPeople) << name;
                    persons.insert(personOf(name));
                }
                EXPECT_EQ(pair.same, personOf(pair.first) == personOf(pair.second));
                EXPECT_LE(pictureOf(pair.first), 1);
                if (protocol == std::string("FF")) {
                    EXPECT_LE(pictureOf(pair.second), 1);
                    EXPECT_NE(pair.first, pair.second);
                } else {
                    EXPECT_EQ(pictureOf(pair.second), 3);
                }
                same += pair.same ? 1 : 0;
                if (!pair.same) {
                    different.emplace(std::minmax(pair.first, pair.second));
                }
            }
            // Five people per fold, each with one pair of two frontal pictures or two pairs of a frontal picture and a
            // profile.
            EXPECT_EQ(same, protocol == std::string("FF") ? 5U : 10U);
            EXPECT_EQ(different.size(), same);  // the same number, each once
            EXPECT_EQ(fold.pairs.size(), 2 * same);
            if (protocol == std::string("FP")) {
                for (const int person : persons) {
                    EXPECT_TRUE(seen.insert(person).second) << person << " is in two folds";
                }
            }
        }
    }
    EXPECT_EQ(seen.size(), 10U);
}

TEST(SetProtocol, DrawsTheSamePairsAgain) {
    const TemporaryFolder folder;
    const std::string path = writeSet(folder);
    const SetProtocol a(path, {}), b(path, {});
    for (const char* protocol : {"FF", "FP"}) {
        for (size_t fold = 0; fold < 2; ++fold) {
            const std::vector<Pair>& pairs = a.protocols().at(protocol)[fold].pairs;
            for (size_t i = 0; i < pairs.size(); ++i) {
                EXPECT_EQ(pairs[i].first, b.protocols().at(protocol)[fold].pairs[i].first);
                EXPECT_EQ(pairs[i].second, b.protocols().at(protocol)[fold].pairs[i].second);
            }
        }
    }
}

TEST(SetProtocol, TakesAllPairsAndOtherPeople) {
    const TemporaryFolder folder;
    const std::string path = writeSet(folder);
    const SetProtocol every(path, {"dev", 1, true});
    ASSERT_EQ(every.protocols().at("FF").size(), 1U);
    EXPECT_EQ(every.protocols().at("FF")[0].pairs.size(), 20U * 19 / 2);
    EXPECT_EQ(every.protocols().at("FP")[0].pairs.size(), 20U * 10);
    const SetProtocol all(path, {"all", 10, false});
    EXPECT_EQ(all.persons().size(), 40U);
    EXPECT_EQ(all.protocols().at("FP").size(), 10U);
    EXPECT_EQ(SetProtocol(path, {"train", 10, false}).persons().size(), 30U);
}

TEST(SetProtocol, FacesAreTheSetsPicturesAndYaws) {
    const TemporaryFolder folder;
    const std::string path = writeSet(folder);
    const Faces faces = SetProtocol(path, {}).faces();  // must outlive the protocol
    const std::string name = rowName((people - 1) * rowsEach + 4);
    EXPECT_FLOAT_EQ(faces.at(name).yaw, -50);
    EXPECT_TRUE(faces.at(name).place.empty());
    std::vector<uint8_t> rgb(16 * 16 * 3);
    io::FaceSet(path).decode((people - 1) * rowsEach + 4, rgb.data());
    const cv::Mat picture = faces.read(name);
    EXPECT_EQ(picture.at<cv::Vec3b>(3, 5),
              cv::Vec3b(rgb[(3 * 16 + 5) * 3 + 2], rgb[(3 * 16 + 5) * 3 + 1], rgb[(3 * 16 + 5) * 3]));
}

TEST(SetProtocol, SaysWhatIsWrong) {
    const TemporaryFolder folder;
    const std::string path = writeSet(folder);
    EXPECT_THAT(messageOf([&] { SetProtocol(path, {"test", 10, false}); }), HasSubstr("'test'"));
    SmallFaceSet lone;
    writeSmallFaceSet(folder / "lone.safetensors", lone);
    EXPECT_THAT(messageOf([&] { SetProtocol(folder / "lone.safetensors", {}); }),
                AllOf(HasSubstr("lone.safetensors: no pairs for FF or FP"), HasSubstr("4 real faces of 1 people")));
    cv::drgan::Alignment alignment;
    alignment.size = 16;
    alignment.eyes = {0.5F, 0.461F};
    alignment.eyeMouth = 0.363F;
    const SetProtocol set(path, {});
    EXPECT_EQ(messageOf([&] { set.checkAlignment(alignment, "B"); }), "");
    alignment.eyeMouth = 0.4F;
    EXPECT_THAT(messageOf([&] { set.checkAlignment(alignment, "B"); }),
                AllOf(HasSubstr("16 px, eyes at 0.500,0.461, eyes to mouth 0.363"), HasSubstr("B wants"),
                      HasSubstr("eyes to mouth 0.400")));
}

class EvalOnSet : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_NE(std::getenv("DRGAN_EVAL_PROGRAM"), nullptr) << "DRGAN_EVAL_PROGRAM is not set";
        drgan_test::writeTinyBundle(folder_ / "bundle");
    }
    int run(const std::string& arguments) {
        const std::string command = "'" + std::string(std::getenv("DRGAN_EVAL_PROGRAM")) + "' " + arguments + " > '" +
                                    (folder_ / "log") + "' 2>&1";
        const int status = std::system(command.c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    std::string log() { return readText(folder_ / "log"); }
    TemporaryFolder folder_;
};

TEST_F(EvalOnSet, MeasuresABundle) {
    const std::string json = folder_ / "result.json";
    ASSERT_EQ(run("--bundle " + (folder_ / "bundle") + " --faces " + writeSet(folder_) + " --json " + json), 0)
        << log();
    const nlohmann::json report = nlohmann::json::parse(readText(json));
    EXPECT_EQ(report.at("faces"), "faces.safetensors");
    EXPECT_EQ(report.at("split"), "dev");
    EXPECT_EQ(report.at("people"), 10);
    EXPECT_EQ(report.at("FF").at("pairs"), 20);
    EXPECT_EQ(report.at("FP").at("pairs"), 40);
    EXPECT_EQ(report.at("FP").at("folds").size(), 2U);
    EXPECT_LE(report.at("FP").at("accuracy_other_folds_threshold"), report.at("FP").at("accuracy_best_threshold"));
    EXPECT_EQ(report.at("all_frontal_profile").at("pairs"), 20 * 10);
    EXPECT_EQ(report.at("fusion").size(), 2U);  // four pictures: two per side
    EXPECT_EQ(report.at("fusion_mixed_quality").size(), 2U);
    size_t pictures = 0;
    for (const nlohmann::json& row : report.at("confidence")) {
        pictures += row.at("pictures").get<size_t>();
        EXPECT_GT(row.at("small"), 0);
    }
    EXPECT_EQ(pictures, 40U);
    EXPECT_FALSE(report.at("yaw_difference").empty());
    EXPECT_THAT(log(), AllOf(HasSubstr("from others"), HasSubstr("at random clean")));
}

TEST_F(EvalOnSet, MeasuresWhatThereIsWithoutProfiles) {
    const std::string json = folder_ / "result.json";
    SmallFaceSet how;
    how.people = people;
    how.devPeople = devPeople;
    how.pictures = 2;  // at 0 and 25 degrees
    writeSmallFaceSet(folder_ / "frontal.safetensors", how);
    const std::string bundle = folder_ / "bundle";
    ASSERT_EQ(run("--bundle " + bundle + " --recognizer " + bundle + "/encoder.onnx --size 16 --faces " +
                  (folder_ / "frontal.safetensors") + " --json " + json),
              0)
        << log();
    const nlohmann::json report = nlohmann::json::parse(readText(json));
    EXPECT_EQ(report.at("FF").at("pairs"), 20);
    EXPECT_FALSE(report.contains("FP"));
    EXPECT_FALSE(report.contains("all_frontal_profile"));
    EXPECT_FALSE(report.contains("recognizer_on_profiles"));
    EXPECT_THAT(log(), AllOf(HasSubstr("FP is not measured"), HasSubstr("Confidence by yaw")));
}

TEST_F(EvalOnSet, RecogniserAlone) {
    const std::string json = folder_ / "result.json";
    ASSERT_EQ(run("--recognizer " + (folder_ / "bundle/encoder.onnx") + " --size 16 --faces " + writeSet(folder_) +
                  " --split all --set-folds 3 --no-mirror --json " + json),
              0)
        << log();
    const nlohmann::json report = nlohmann::json::parse(readText(json));
    EXPECT_EQ(report.at("FF").at("folds").size(), 3U);
    EXPECT_EQ(report.at("mirror"), false);
    EXPECT_FALSE(report.contains("fusion"));  // a recogniser has no confidence
}

TEST_F(EvalOnSet, FailsClearly) {
    const std::string bundle = "--bundle " + (folder_ / "bundle");
    EXPECT_EQ(run(bundle), 1);
    EXPECT_THAT(log(), HasSubstr("give --cfp, --faces, --strangers or --views, got none"));
    const std::string set = writeSet(folder_, 20);
    EXPECT_EQ(run(bundle + " --faces " + set + " --cfp " + folder_.path()), 1);
    EXPECT_THAT(log(), HasSubstr("got both"));
    EXPECT_EQ(run(bundle + " --faces " + set), 1);
    EXPECT_THAT(log(), AllOf(HasSubstr("faces.safetensors"), HasSubstr("20 px"), HasSubstr("16 px")));
    EXPECT_NE(run(bundle + " --faces " + set + " --folds 8"), 0);
    EXPECT_THAT(log(), HasSubstr("--folds requires --cfp"));
}

}  // namespace
}  // namespace drgan::eval
