// SPDX-License-Identifier: Apache-2.0
//
// drgan-gallery (DRGAN_GALLERY_PROGRAM) and drgan-enroll (DRGAN_ENROLL) on one folder give the same verdicts, and may
// change one gallery at the same time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <opencv2/drgan.hpp>

#include "generated_faces.hpp"
#include "made_files.hpp"
#include "tiny_onnx.hpp"
#include "unlike_faces.hpp"

namespace {

using namespace drgan_test;
using nlohmann::json;
using testing::HasSubstr;

namespace fs = std::filesystem;

std::string read(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

cv::Mat turned(const cv::Mat& picture, int code) {
    cv::Mat out;
    cv::rotate(picture, out, code);
    return out;
}

class Verdicts : public testing::Test {
protected:
    void SetUp() override {
        if (trainedBundle().empty() || std::getenv("DRGAN_ENROLL") == nullptr ||
            std::getenv("DRGAN_GALLERY_PROGRAM") == nullptr) {
            GTEST_SKIP() << "set DRGAN_ENROLL and DRGAN_GALLERY_PROGRAM to the programs, DRGAN_BUNDLE to a bundle";
        }
        people = std::make_unique<UnlikeFaces>(trainedBundle());
    }

    /// @return exit status; standard output is in NAME.out, standard error in NAME.err
    int run(const char* program, const std::string& arguments, const std::string& name) const {
        const std::string command = "'" + std::string(std::getenv(program)) + "' " + arguments + " > " + path(name) +
                                    ".out 2> " + path(name) + ".err";
        const int status = std::system(command.c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    std::string path(const std::string& file) const { return dir.path() + "/" + file; }

    void put(const std::string& file, const Buffer& bytes) const {
        fs::create_directories(fs::path(path("people/" + file)).parent_path());
        save(path("people/" + file), bytes);
    }
    void put(const std::string& file, const cv::Mat& picture) const {
        put(file, encoded(picture, fs::path(file).extension()));
    }

    TempDir dir;
    std::unique_ptr<UnlikeFaces> people;
};

struct Row {
    std::string file;
    const char* reason;  ///< part of the reason why it is refused; empty: accepted
    const char* note;    ///< part of the note on an accepted file; empty: no note
    bool same;           ///< both programs use the same words
};

TEST_F(Verdicts, AreTheSameByBothPrograms) {
    const cv::Mat ann = people->picture(0);
    cv::Mat deep, grey, alpha, group = people->ground(), behind = people->ground();
    ann.convertTo(deep, CV_16U, 257);
    cv::cvtColor(ann, grey, cv::COLOR_BGR2GRAY);
    cv::cvtColor(ann, alpha, cv::COLOR_BGR2BGRA);
    people->draw(group, 0, {20, 60}, 220);
    people->draw(group, 1, {380, 60}, 220);
    people->draw(behind, 0, {80, 20}, 300);
    people->draw(behind, 2, {480, 60}, 130);
    const cv::Mat lying = turned(ann, cv::ROTATE_90_COUNTERCLOCKWISE);
    Buffer cutJpeg = encoded(ann, ".jpg"), cutPng = encoded(ann, ".png"), heic;
    cutJpeg.resize(cutJpeg.size() / 2);
    cutPng.resize(cutPng.size() / 2);
    putText(drgan_test::put(heic, 24, 4, true), "ftypheic" + std::string(12, '\0'));

    put("Ann/a.jpg", ann);
    put("Ann/a.png", ann);
    put("Ann/a.webp", ann);
    put("Ann/a.bmp", ann);
    put("Ann/a.tif", ann);
    put("Ann/turned15.png", people->picture(0, 15));
    put("Ann/grey.png", grey);
    put("Ann/alpha.png", alpha);
    put("Ann/deep.png", encoded(deep, ".png"));
    put("Ann/deep.tif", encoded(deep, ".tif"));
    put("Ann/exif.jpg", jpegWithExif(lying, exif(6, true)));
    put("Ann/exif.png", pngWithExif(lying, exif(6, false)));
    put("Ann/exif.webp", webpWithExif(lying, exif(6, true)));
    put("Ann/side.jpg", lying);
    put("Ann/head.png", turned(ann, cv::ROTATE_180));
    put("Ann/behind.png", behind);
    put("Ann/group.png", group);
    put("Ann/stranger.png", people->picture(3));
    put("Ann/wall.png", cv::Mat(300, 300, CV_8UC3, cv::Scalar(90, 120, 130)));
    put("Ann/cut.jpg", cutJpeg);
    put("Ann/cut.png", cutPng);
    put("Ann/a.gif", gif());
    put("Ann/a.heic", heic);
    put("Ann/moving.webp", animatedWebp());
    put("Ann/ink.jpg", cmykJpeg({0, 0, 0, 0}, false));
    put("Ann/turned.tif", tiff(lying, {8, 2, 6}));
    put("Ann/empty.jpg", Buffer());
    put("Ann/notes.txt", Buffer{'n', 'o', 't', 'e', 's'});
    put("Half/1.png", people->picture(1));
    put("Half/2.png", people->picture(2));
    put("Bob/1.png", people->picture(1));
    put("stray.png", ann);
    fs::create_symlink("self", path("people/Ann/self.jpg"));
    fs::create_directory_symlink(path("people"), path("people/Ann/round"));

    const Row rows[] = {{"Ann/a.bmp", "", "", true},
                        {"Ann/a.gif", "is a GIF", "", true},
                        {"Ann/a.heic", "save it as a JPEG or PNG", "", true},
                        {"Ann/a.jpg", "", "", true},
                        {"Ann/a.png", "", "", true},
                        {"Ann/a.tif", "", "", true},
                        {"Ann/a.webp", "", "", true},
                        {"Ann/alpha.png", "", "", true},
                        {"Ann/behind.png", "", "the largest of 2 faces", true},
                        {"Ann/cut.jpg", "is cut off", "", true},
                        {"Ann/cut.png", "is cut off", "", true},
                        {"Ann/deep.png", "", "", true},
                        {"Ann/deep.tif", "", "", true},
                        {"Ann/empty.jpg", "is empty", "", true},
                        {"Ann/exif.jpg", "", "", true},
                        {"Ann/exif.png", "", "", true},
                        {"Ann/exif.webp", "", "", true},
                        {"Ann/grey.png", "", "", true},
                        {"Ann/group.png", "2 faces", "", true},
                        {"Ann/head.png", "", "turned by 180 degrees", true},
                        {"Ann/ink.jpg", "CMYK", "", true},
                        {"Ann/moving.webp", "animated", "", true},
                        {"Ann/notes.txt", " ", "", false},
                        {"Ann/round", "is a link to a folder", "", true},
                        {"Ann/self.jpg", "cannot be opened", "", true},
                        {"Ann/side.jpg", "", "turned by 90 degrees", true},
                        {"Ann/stranger.png", "unlike the other files of Ann", "", false},  // the message has the cosine
                        {"Ann/turned.tif", "save it upright", "", true},
                        {"Ann/turned15.png", "", "", true},
                        {"Ann/wall.png", "no face found", "", true},
                        {"Bob/1.png", "", "", true},
                        {"Half/1.png", "the 2 files of Half do not fit together", "", true},
                        {"Half/2.png", "the 2 files of Half do not fit together", "", true},
                        {"stray.png", "not in a person's folder", "", true}};

    ASSERT_EQ(run("DRGAN_GALLERY_PROGRAM", "build " + path("a.gallery") + " " + path("people") + " --json", "a"), 0)
        << read(path("a.err"));
    ASSERT_EQ(run("DRGAN_ENROLL", path("people") + " -q --json -o " + path("b.gallery"), "b"), 0)
        << read(path("b.err"));
    const json built = json::parse(read(path("a.out"))), enrolled = json::parse(read(path("b.out")));
    std::map<std::string, std::string> builtReasons, builtNotes, reasons, notes;
    for (const auto& d : built["dropped"]) builtReasons[d["picture"]] = d["reason"];
    for (const auto& n : built["notes"]) builtNotes[n["picture"]] = n["reason"];
    for (const auto& d : enrolled["not_taken"]) reasons[d["file"]] = d["reason"];
    for (const auto& person : enrolled["people"]) {
        for (const auto& f : person["files"]) {
            if (f.contains("note")) notes[f["file"]] = f["note"];
        }
    }
    size_t refused = 0, told = 0;
    for (const Row& row : rows) {
        const std::string file = path("people/" + row.file);
        SCOPED_TRACE(row.file);
        refused += *row.reason != 0;
        told += *row.note != 0;
        EXPECT_EQ(builtReasons.count(file), *row.reason != 0) << builtReasons[file];
        EXPECT_EQ(reasons.count(file), *row.reason != 0) << reasons[file];
        EXPECT_THAT(builtReasons[file], HasSubstr(row.reason));
        EXPECT_THAT(reasons[file], HasSubstr(*row.reason != 0 && !row.same ? "" : row.reason));
        EXPECT_THAT(builtNotes[file], HasSubstr(row.note));
        EXPECT_EQ(builtNotes[file], notes[file]);
        if (row.same) {
            EXPECT_EQ(builtReasons[file], reasons[file]);
        }
    }
    EXPECT_EQ(built["dropped"].size(), refused);
    EXPECT_EQ(built["notes"].size(), told);
    EXPECT_EQ(enrolled["not_taken"].size(), refused);

    const auto encoder = cv::drgan::Encoder::create(cv::drgan::Bundle::load().encoder);
    const auto a = cv::drgan::Gallery::load(path("a.gallery"), encoder);
    const auto b = cv::drgan::Gallery::load(path("b.gallery"), encoder);
    EXPECT_THAT(a->names(), testing::ElementsAre("Ann", "Bob"));
    EXPECT_EQ(a->names(), b->names());
    for (const auto& name : a->names()) {
        cv::Mat one, other;
        double total = 0;
        int images = 0, otherImages = 0;
        a->person(name, one, total, images);
        b->person(name, other, total, otherImages);
        EXPECT_EQ(images, otherImages) << name;
        EXPECT_GT(encoder->match(one, other), 0.98) << name;
    }
}

// Each adds another person to the same file at the same time.
TEST_F(Verdicts, TwoAtATimeLoseNobody) {
    put("Ann/a.png", people->picture(0));
    put("../more/Bob/b.png", people->picture(1));
    ASSERT_EQ(run("DRGAN_GALLERY_PROGRAM", "build " + path("g") + " " + path("people"), "first"), 0);
    std::vector<std::future<int>> running;
    for (int i = 0; i < 4; ++i) {
        running.push_back(std::async(std::launch::async, [=] {
            const std::string n = std::to_string(i);
            return i < 2 ? run("DRGAN_ENROLL", path("more/Bob") + " -q --update --name P" + n + " -o " + path("g"), n)
                         : run("DRGAN_GALLERY_PROGRAM", "build --add " + path("g") + " " + path("more" + n), n);
        }));
        if (i < 2) {  // before the programs that need them start
            const std::string folder = path("more" + std::to_string(i + 2) + "/P" + std::to_string(i + 2));
            fs::create_directories(folder);
            fs::copy_file(path("more/Bob/b.png"), folder + "/b.png");
        }
    }
    for (auto& status : running) EXPECT_EQ(status.get(), 0);
    EXPECT_THAT(cv::drgan::Gallery::load(path("g"))->names(), testing::ElementsAre("Ann", "P0", "P1", "P2", "P3"));
}

}  // namespace
