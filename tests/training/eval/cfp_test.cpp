// SPDX-License-Identifier: Apache-2.0
//
// CFP's layout and drgan-eval, on a small imitation that the test draws. DRGAN_EVAL_PROGRAM has the program's path.

#include "eval/cfp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "eval/embedder.hpp"
#include "eval/faces.hpp"
#include "pictures.hpp"
#include "temporary_folder.hpp"
#include "tiny_onnx.hpp"

namespace drgan::eval {
namespace {

using drgan::test::messageOf;
using drgan::test::readText;
using drgan::test::TemporaryFolder;
using drgan::test::writeText;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

/// Two people with 10 frontal and 4 profile pictures each; folds 1 (complete) and 2 (refers to a missing third person).
void writeSmallCfp(const TemporaryFolder& folder) {
    for (int person = 1; person <= 2; ++person) {
        const std::string base = "cfp/Data/Images/00" + std::to_string(person);
        for (int i = 1; i <= 10; ++i) {
            const auto size = static_cast<float>(50 + i);
            const drgan_test::DrawnFace face = drgan_test::drawFace({96, 96}, {48, 48}, size, 0, person);
            const std::string number = (i < 10 ? "0" : "") + std::to_string(i) + ".jpg";
            cv::imwrite(folder / (base + "/frontal/" + number), face.picture);
            if (i <= 4) {
                cv::imwrite(folder / (base + "/profile/" + number), face.picture);
            }
        }
    }
    writeText(folder / "cfp/Protocol/Split/FF/01/same.txt", "1,2\n11,20\r\n");
    writeText(folder / "cfp/Protocol/Split/FF/01/diff.txt", "1,11\n10,12\n");
    writeText(folder / "cfp/Protocol/Split/FP/01/same.txt", "1,4\n11,5\n");
    writeText(folder / "cfp/Protocol/Split/FP/01/diff.txt", "1,5\n20,4\n");
    for (const char* protocol : {"FF", "FP"}) {
        const std::string base = std::string("cfp/Protocol/Split/") + protocol + "/02/";
        writeText(folder / (base + "same.txt"), "1,2\n");
        writeText(folder / (base + "diff.txt"), "21,2\n");
    }
}

TEST(Cfp, TurnsIndicesIntoPictures) {
    const TemporaryFolder folder;
    writeSmallCfp(folder);
    const Cfp cfp(folder / "cfp");
    EXPECT_THAT(cfp.availableFolds("FF"), ElementsAre(1));
    EXPECT_THAT(cfp.availableFolds("FP"), ElementsAre(1));
    const Fold fold = cfp.fold("FP", 1);
    ASSERT_EQ(fold.pairs.size(), 4U);
    EXPECT_THAT(fold.pairs[0].first, HasSubstr("/001/frontal/01.jpg"));
    EXPECT_THAT(fold.pairs[0].second, HasSubstr("/001/profile/04.jpg"));
    EXPECT_TRUE(fold.pairs[0].same);
    EXPECT_THAT(fold.pairs[1].first, HasSubstr("/002/frontal/01.jpg"));
    EXPECT_THAT(fold.pairs[1].second, HasSubstr("/002/profile/01.jpg"));
    EXPECT_THAT(fold.pairs[3].first, HasSubstr("/002/frontal/10.jpg"));
    EXPECT_FALSE(fold.pairs[3].same);
    const Persons persons = Cfp::persons({cfp.fold("FF", 1), fold});
    ASSERT_EQ(persons.size(), 2U);
    EXPECT_EQ(persons[0].frontal.size(), 3U);  // 1, 2 and 10, each once
    EXPECT_EQ(persons[0].profile.size(), 1U);
}

TEST(Cfp, FollowsThePairLists) {
    const TemporaryFolder folder;
    writeSmallCfp(folder);
    std::string list;
    for (int i = 1; i <= 20; ++i) {  // the list's order differs from that of the file names
        const int picture = 21 - i;
        list += std::to_string(i) + " ../Data/Images/00" + std::to_string((picture - 1) / 10 + 1) + "/frontal/" +
                ((picture - 1) % 10 < 9 ? "0" : "") + std::to_string((picture - 1) % 10 + 1) + ".jpg\n";
    }
    writeText(folder / "cfp/Protocol/Pair_list_F.txt", list);
    const Fold fold = Cfp(folder / "cfp").fold("FF", 1);
    EXPECT_THAT(fold.pairs[0].first, HasSubstr("/002/frontal/10.jpg"));
    writeText(folder / "cfp/Protocol/Pair_list_F.txt", "1 a.jpg\n3 b.jpg\n");
    EXPECT_THAT(messageOf([&] { Cfp cfp(folder / "cfp"); }),
                AllOf(HasSubstr("Pair_list_F.txt:2"), HasSubstr("'2 PATH'")));
}

TEST(Cfp, SaysWhatIsWrong) {
    const TemporaryFolder folder;
    EXPECT_THAT(messageOf([&] { Cfp cfp(folder.path()); }), HasSubstr("Data/Images"));
    writeSmallCfp(folder);
    const Cfp cfp(folder / "cfp");
    EXPECT_THAT(messageOf([&] { cfp.fold("FF", 2); }), HasSubstr("003/frontal/01.jpg: the picture is missing"));
    EXPECT_THAT(messageOf([&] { cfp.fold("FF", 9); }), HasSubstr("FF/09/same.txt: cannot read"));
    EXPECT_THAT(messageOf([&] { cfp.fold("XX", 1); }), HasSubstr("'XX'"));
    for (const char* bad : {"1;2\n", "1\n", "1,2,3\n", "one,two\n", "0,1\n", "99999999999999999999,1\n"}) {
        writeText(folder / "cfp/Protocol/Split/FF/01/same.txt", bad);
        EXPECT_THAT(messageOf([&] { cfp.fold("FF", 1); }), HasSubstr("same.txt:1")) << bad;
    }
}

class EvalProgram : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_FALSE(variable("DRGAN_EVAL_PROGRAM").empty()) << "DRGAN_EVAL_PROGRAM is not set";
        writeSmallCfp(folder_);
        drgan_test::TinyOptions whole;
        whole.withAligner = whole.withDetector = true;
        drgan_test::writeTinyBundle(folder_ / "bundle", whole);
    }
    int run(const std::string& arguments) {
        const std::string command =
            "'" + variable("DRGAN_EVAL_PROGRAM") + "' " + arguments + " > '" + (folder_ / "log") + "' 2>&1";
        const int status = std::system(command.c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    std::string log() { return readText(folder_ / "log"); }
    TemporaryFolder folder_;
};

TEST_F(EvalProgram, MeasuresABundle) {
    const std::string json = folder_ / "result.json";
    ASSERT_EQ(run("--bundle " + (folder_ / "bundle") + " --cfp " + (folder_ / "cfp") + " --json " + json), 0) << log();
    const nlohmann::json report = nlohmann::json::parse(readText(json));
    for (const char* protocol : {"FF", "FP"}) {
        const nlohmann::json& result = report.at(protocol);
        EXPECT_EQ(result.at("pairs"), 4);
        EXPECT_EQ(result.at("folds").size(), 1U);
        EXPECT_NEAR(result.at("folds")[0].at("threshold").get<double>(), 0.4, 1e-6);  // the manifest's
        for (const char* key : {"accuracy", "auc", "eer", "accuracy_best_threshold"}) {
            EXPECT_GE(result.at(key), 0) << key;
            EXPECT_LE(result.at(key), 1) << key;
        }
        EXPECT_GE(result.at("accuracy_best_threshold"), result.at("accuracy"));
        EXPECT_LE(result.at("faces_not_found"), 6);
    }
    EXPECT_EQ(report.at("bundle"), "tiny");
    EXPECT_EQ(report.at("all_frontal_profile").at("pairs"), 12);  // (3 + 3) frontals x (1 + 1) profiles
    EXPECT_THAT(log(), AllOf(HasSubstr("FF"), HasSubstr("FP"), HasSubstr("EER")));
}

TEST_F(EvalProgram, StudiesConfidenceFusionAndFrontalViews) {
    // Any model that takes a picture and gives a vector can be the recogniser, even the bundle's own encoder.
    const std::string json = folder_ / "result.json";
    ASSERT_EQ(run("--bundle " + (folder_ / "bundle") + " --cfp " + (folder_ / "cfp") + " --recognizer " +
                  (folder_ / "bundle/encoder.onnx") + " --size 16 --json " + json),
              0)
        << log();
    const nlohmann::json report = nlohmann::json::parse(readText(json));
    EXPECT_EQ(report.at("fusion_mixed_quality").size(), 2U);
    EXPECT_EQ(report.at("fusion").size(), 2U);  // the pairs have three frontal pictures and one profile: two per side
    for (const char* how : {"raw", "frontalized"}) {
        const nlohmann::json& result = report.at("recognizer_on_profiles").at(how);
        EXPECT_EQ(result.at("pairs"), 4) << how;
        EXPECT_GE(result.at("eer_all_pairs"), 0) << how;
    }
    EXPECT_FALSE(report.at("confidence").empty());
    EXPECT_THAT(log(), AllOf(HasSubstr("images fused"), HasSubstr("profiles frontalized"), HasSubstr("|yaw|")));
}

TEST_F(EvalProgram, TakesAnotherThresholdAndNoMirror) {
    const std::string json = folder_ / "result.json";
    ASSERT_EQ(run("--bundle " + (folder_ / "bundle") + " --cfp " + (folder_ / "cfp") +
                  " --folds 1 --no-mirror --threshold 2 --json " + json),
              0)
        << log();
    const nlohmann::json report = nlohmann::json::parse(readText(json));
    EXPECT_EQ(report.at("mirror"), false);
    EXPECT_DOUBLE_EQ(report.at("FF").at("accuracy"), 0.5);  // no cosine reaches 2: all pairs count as different
}

TEST_F(EvalProgram, FailsClearly) {
    EXPECT_EQ(run("--cfp " + (folder_ / "cfp")), 1);
    EXPECT_THAT(log(), HasSubstr("give --bundle or --recognizer"));
    const std::string faceless = drgan_test::writeTinyBundle(folder_ / "faceless");
    EXPECT_EQ(run("--bundle " + faceless + " --cfp " + (folder_ / "cfp")), 1);
    EXPECT_THAT(log(), AllOf(HasSubstr("faceless"), HasSubstr("no detector.onnx")));
    EXPECT_EQ(run("--bundle " + (folder_ / "bundle") + " --cfp " + (folder_ / "cfp") + " --folds 2"), 1);
    EXPECT_THAT(log(), HasSubstr("003/frontal/01.jpg"));
    EXPECT_EQ(run("--bundle " + (folder_ / "cfp") + " --cfp " + (folder_ / "cfp")), 1);
    EXPECT_THAT(log(), HasSubstr("manifest.json"));
    writeText(folder_ / "cfp/Data/Images/001/frontal/01.jpg", "no picture");
    EXPECT_EQ(run("--bundle " + (folder_ / "bundle") + " --cfp " + (folder_ / "cfp")), 1);
    EXPECT_THAT(log(), AllOf(HasSubstr("001/frontal/01.jpg"), HasSubstr("cannot be read")));
}

TEST(MiddleBox, LiesInTheMiddle) {
    const cv::Mat box = middleBox({200, 100});
    ASSERT_EQ(box.total(), 4U);
    EXPECT_NEAR(box.at<float>(0) + box.at<float>(2) / 2, 100, 1e-3);
    EXPECT_NEAR(box.at<float>(1) + box.at<float>(3) / 2, 50, 1e-3);
}

TEST(Embedder, IsOfUnitNormAndTheMirrorMakesItSymmetric) {
    const TemporaryFolder folder;
    drgan_test::writeTinyBundle(folder / "bundle");
    const std::unique_ptr<Embedder> embedder = embedBundle(cv::drgan::Bundle::load(folder / "bundle"));
    const drgan_test::DrawnFace face = drgan_test::drawFace({97, 97}, {48, 48}, 60, 0, 1);
    // For a level face in the middle, mirroring the picture mirrors the crop.
    const cv::Mat points = (cv::Mat_<float>(5, 2) << 36, 40, 60, 40, 48, 52, 40, 62, 56, 62);
    cv::Mat mirrored;
    cv::flip(face.picture, mirrored, 1);
    const cv::Mat a = embedder->embed(face.picture, points, true);
    const cv::Mat b = embedder->embed(mirrored, points, true);
    EXPECT_NEAR(cv::norm(a), 1, 1e-5);
    EXPECT_EQ(a.type(), CV_32F);
    EXPECT_GT(a.dot(b), embedder->embed(face.picture, points, false).dot(embedder->embed(mirrored, points, false)));
}

/// Gives every picture a different embedding and counts its calls.
class CountingEmbedder : public Embedder {
public:
    cv::drgan::Alignment alignment() const override {
        cv::drgan::Alignment alignment;
        alignment.size = 32;
        return alignment;
    }
    Encoding encode(const cv::Mat& aligned) override {
        ++asked;
        const cv::Vec3b pixel = aligned.at<cv::Vec3b>(3, 5);
        return {(cv::Mat_<float>(1, 3) << pixel[0] + 1, pixel[1] + 1, pixel[2] + 1), 0.5F};
    }
    int asked = 0;
};

TEST(EncodeAll, AsksOnceForEachPictureAndItsMirrorImage) {
    cv::Mat picture(32, 32, CV_8UC3);
    cv::randu(picture, 0, 255);
    const Faces faces({{"a", {}}, {"b", {}}}, [&](const std::string&) { return picture; });
    CountingEmbedder embedder;
    const Encoded mirrored = encodeAll(faces, embedder, true, false);
    EXPECT_EQ(embedder.asked, 2 * 2);
    EXPECT_TRUE(mirrored.blurred.empty());
    const Encoded plain = encodeAll(faces, embedder, false, true);
    EXPECT_EQ(embedder.asked, 2 * 2 + 2 * 5);  // unchanged, blurred, small, hazy, tiny
    // Adding the mirror image's embeddings for the protocols does not change the plain encodings.
    EXPECT_EQ(cv::norm(mirrored.clean.at("a").embedding, plain.clean.at("a").embedding), 0);
    EXPECT_NEAR(cv::norm(plain.embeddings.at("a"), data::unit(plain.clean.at("a").embedding)), 0, 1e-6);
    EXPECT_GT(cv::norm(mirrored.embeddings.at("a"), plain.embeddings.at("a")), 1e-3);
    EXPECT_GT(cv::norm(plain.clean.at("a").embedding, plain.blurred.at("a").embedding), 1e-3);
    EXPECT_GT(cv::norm(plain.small.at("a").embedding, plain.blurred.at("a").embedding), 1e-3);
    EXPECT_GT(cv::norm(plain.tiny.at("a").embedding, plain.small.at("a").embedding), 1e-3);
    EXPECT_GT(cv::norm(plain.hazy.at("a").embedding, plain.clean.at("a").embedding), 1e-3);
}

}  // namespace
}  // namespace drgan::eval
