// SPDX-License-Identifier: Apache-2.0
//
// The program drgan-enroll; DRGAN_ENROLL has its path.
#include <sys/wait.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>

#include "element_fixture.hpp"
#include "generated_faces.hpp"

namespace {

using drgan_test::TempDir;
using nlohmann::json;
using testing::HasSubstr;

struct Ran {
    int code = -1;
    std::string out, err;
};

class EnrollProgram : public testing::Test {
protected:
    void SetUp() override {
        if (drgan_test::trainedBundle().empty() || std::getenv("DRGAN_ENROLL") == nullptr) {
            GTEST_SKIP() << "set DRGAN_ENROLL to the program and DRGAN_BUNDLE to a trained bundle";
        }
        const drgan_test::GeneratedFaces faces;
        for (const char* name : {"Ada \"L\xC3\xB8velace\"", "Grace"}) {
            std::filesystem::create_directories(people + "/" + name);
            cv::imwrite(people + "/" + name + "/a.png", faces.picture(name[0]));
        }
        std::ofstream(people + "/Grace/notes.txt") << "no picture";
    }

    Ran run(const std::string& arguments) const {
        const std::string out = dir.path() + "/out";
        const std::string err = dir.path() + "/err";
        const std::string command =
            std::string(std::getenv("DRGAN_ENROLL")) + " " + arguments + " > " + out + " 2> " + err;
        const int status = std::system(command.c_str());
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(out), read(err)};
    }

    static std::string read(const std::string& file) {
        std::ifstream in(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    TempDir dir;
    std::string people = dir.path() + "/people";
    std::string gallery = dir.path() + "/people.gallery";
};

TEST_F(EnrollProgram, MakesAGalleryAndReportsIt) {
    const Ran ran = run(people + " --json -o " + gallery);
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("[3/3] Grace: "));
    const json report = json::parse(ran.out);
    EXPECT_EQ(report.at("gallery"), gallery);
    EXPECT_EQ(report.at("bundle"), cv::drgan::Bundle::load().id);
    EXPECT_EQ(report.at("size"), 2);
    ASSERT_EQ(report.at("people").size(), 2U);
    EXPECT_EQ(report["people"][0].at("name"), "Ada \"L\xC3\xB8velace\"");
    EXPECT_EQ(report["people"][0].at("images"), 1);
    EXPECT_EQ(report["people"][0].at("files").size(), 1U);
    ASSERT_EQ(report.at("not_taken").size(), 1U);
    EXPECT_EQ(report["not_taken"][0].at("file"), people + "/Grace/notes.txt");
    EXPECT_THAT(std::string(report["not_taken"][0].at("reason")), HasSubstr("decoded"));
    const auto made = cv::drgan::Gallery::load(gallery);
    EXPECT_THAT(made->names(), testing::ElementsAre("Ada \"L\xC3\xB8velace\"", "Grace"));
}

TEST_F(EnrollProgram, AddsToAGalleryOnRequestAlone) {
    ASSERT_EQ(run(people + " -q -o " + gallery).code, 0);
    const std::string before = read(gallery);
    const Ran refused = run(people + " -q -o " + gallery);
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("--update"));
    EXPECT_EQ(read(gallery), before);
    const Ran ran = run(people + "/Grace/a.png --name Eve -q --update -o " + gallery);
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.err, "");
    EXPECT_THAT(ran.out, HasSubstr("Eve: 1 pictures of 1 files"));
    EXPECT_THAT(ran.out, HasSubstr(": 3 people"));
    EXPECT_EQ(cv::drgan::Gallery::load(gallery)->size(), 3);
}

TEST_F(EnrollProgram, KeepsPicturesAndAddsNoneTwice) {
    ASSERT_EQ(run(people + " -q -o " + gallery).code, 0);
    EXPECT_THAT(cv::drgan::Gallery::load(gallery)->pictures("Grace"), testing::ElementsAre("a.png"));
    const std::string before = read(gallery);
    const Ran again = run(people + " -q --update -o " + gallery);
    EXPECT_EQ(again.code, 1);
    EXPECT_THAT(again.out, HasSubstr("a.png: is in the gallery already"));
    EXPECT_EQ(read(gallery), before);
    ASSERT_EQ(run(people + " -q --no-pictures -o " + dir.path() + "/plain").code, 0);
    EXPECT_TRUE(cv::drgan::Gallery::load(dir.path() + "/plain")->pictures("Grace").empty());
}

TEST_F(EnrollProgram, FailsWhereNobodyIsEnrolled) {
    const Ran ran = run(people + "/Grace/notes.txt --name Grace -o " + gallery);
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.err, HasSubstr("nobody was enrolled"));
    EXPECT_THAT(ran.out, HasSubstr("notes.txt"));
    EXPECT_FALSE(std::filesystem::exists(gallery));
    std::filesystem::create_directories(dir.path() + "/empty");
    EXPECT_EQ(run(dir.path() + "/empty -o " + gallery).code, 1);
    EXPECT_EQ(run(dir.path() + "/nowhere -o " + gallery).code, 1);
    EXPECT_EQ(run(people).code, 2) << "no gallery is named";
    EXPECT_EQ(run("--help").code, 0);
}

TEST_F(EnrollProgram, DoesNotMixBundles) {
    const auto other = cv::drgan::Gallery::createEmpty(8, "somebody-elses");
    other->addFused("Ada", cv::Mat::ones(1, 8, CV_32F), 1, 1);
    other->save(gallery);
    const Ran ran = run(people + " --update -o " + gallery);
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.err, HasSubstr("somebody-elses"));
    EXPECT_THAT(ran.err, HasSubstr(cv::drgan::Bundle::load().id));
}

TEST_F(EnrollProgram, SaysWhatItCannotWrite) {
    const Ran ran = run(people + " -q -o " + dir.path() + "/no/such/folder");
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.err, HasSubstr("/no/such/folder"));
}

}  // namespace
