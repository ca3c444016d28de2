// SPDX-License-Identifier: Apache-2.0
//
// drgan-gallery with the default bundle. The people are generated: models/default/generated.jpg (DRGAN_FACES).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <opencv2/drgan.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "tiny_onnx.hpp"

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

namespace {

constexpr int people = 4;
const char* const names[people] = {"Ann", "Béla Ó", "Chi 愛", "Dan"};

std::string environment(const char* name) {
    const char* const value = std::getenv(name);
    if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set");
    return value;
}

/// A face of generated.jpg in a larger picture. (The file is a grid of faces of 112 pixels: one person per row, 15
/// degrees between columns, the middle column frontal.)
cv::Mat facePicture(int person, int column) {
    const cv::Mat grid = cv::imread(environment("DRGAN_FACES"));
    if (grid.empty()) throw std::runtime_error("DRGAN_FACES names no picture");
    cv::Mat picture;
    cv::resize(grid(cv::Rect(column * 112, person * 112, 112, 112)), picture, cv::Size(224, 224), 0, 0,
               cv::INTER_CUBIC);
    cv::copyMakeBorder(picture, picture, 40, 100, 60, 160, cv::BORDER_REPLICATE);
    return picture;
}

std::string readText(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

struct Outcome {
    int status;
    std::string out, err;
    json document() const { return json::parse(out); }
};

class GalleryProgram : public testing::Test {
protected:
    /// One gallery for all tests, made of two pictures of each of four people, a picture without a face and a file that
    /// is not a picture.
    static void SetUpTestSuite() {
        shared = new drgan_test::TempDir;
        const fs::path folder = fs::path(shared->path()) / "pictures";
        for (int person = 0; person < people; ++person) {
            fs::create_directories(folder / names[person]);
            for (const int column : {5, 7}) {
                cv::imwrite((folder / names[person] / (std::to_string(column) + ".png")).string(),
                            facePicture(person, column));
            }
        }
        fs::create_directories(folder / "Nobody");
        fs::create_directories(folder / ".hidden");
        cv::imwrite((folder / "Nobody" / "wall.png").string(), cv::Mat(300, 300, CV_8UC3, cv::Scalar(90, 120, 130)));
        drgan_test::writeFile((folder / "Ann" / "notes.txt").string(), std::string("no picture"));
        drgan_test::writeFile((folder / "Ann" / ".DS_Store").string(), std::string("hidden"));
        built = new Outcome(run("build '" + shared->path() + "/people.gallery' '" + folder.string() + "' --json"));
        for (int person = 0; person < people; ++person) cv::imwrite(frontal(person), facePicture(person, 6));
    }
    static void TearDownTestSuite() {
        delete built;
        delete shared;
    }

    static Outcome run(const std::string& arguments) {
        const std::string out = shared->path() + "/out", err = shared->path() + "/err";
        const int status = std::system(
            ("'" + environment("DRGAN_GALLERY_PROGRAM") + "' " + arguments + " > '" + out + "' 2> '" + err + "'")
                .c_str());
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, readText(out), readText(err)};
    }
    static std::string frontal(int person) { return shared->path() + "/query" + std::to_string(person) + ".png"; }

    std::string copyOfGallery(const std::string& name) {
        const std::string copy = dir.path() + "/" + name;
        fs::copy_file(shared->path() + "/people.gallery", copy, fs::copy_options::overwrite_existing);
        return copy;
    }

    static drgan_test::TempDir* shared;
    static Outcome* built;
    drgan_test::TempDir dir;
    const std::string quotedGallery = "'" + shared->path() + "/people.gallery'";
};

drgan_test::TempDir* GalleryProgram::shared;
Outcome* GalleryProgram::built;

}  // namespace

TEST_F(GalleryProgram, BuildsFromAFolderPerPerson) {
    ASSERT_EQ(built->status, 0) << built->err;
    const json document = built->document();
    EXPECT_EQ(document["people"], people);
    EXPECT_EQ(document["pictures"], 2 * people + 2);
    EXPECT_EQ(document["fused"], 2 * people);
    ASSERT_EQ(document["dropped"].size(), 2u);
    EXPECT_THAT(document["dropped"][0]["picture"], HasSubstr("Ann/notes.txt"));
    EXPECT_THAT(document["dropped"][0]["reason"], HasSubstr("not a picture"));
    EXPECT_THAT(document["dropped"][1]["picture"], HasSubstr("Nobody/wall.png"));
    EXPECT_EQ(document["dropped"][1]["reason"], "no face found");
    EXPECT_THAT(built->err, AllOf(HasSubstr("wall.png: no face found"), HasSubstr("Ann: 2 of 3 pictures"),
                                  HasSubstr("[9/10] Nobody"), Not(HasSubstr("DS_Store"))));

    // The library's result must be the same.
    const auto bundle = cv::drgan::Bundle::load();
    const auto encoder = cv::drgan::Encoder::create(bundle.encoder);
    const auto gallery = cv::drgan::Gallery::load(shared->path() + "/people.gallery", encoder);
    const auto finder = cv::drgan::FaceFinder::create("", bundle.folder);
    cv::drgan::Template expected;
    for (const int column : {5, 7}) {
        const cv::Mat picture = facePicture(3, column);
        cv::Mat row, aligned, embedding;
        float confidence = 0;
        ASSERT_TRUE(finder->findMain(picture, row));
        encoder->alignCrop(picture, row, aligned);
        encoder->feature(aligned, embedding, confidence);
        expected.add(embedding, confidence);
    }
    cv::Mat embedding, fused;
    double total = 0;
    int images = 0;
    gallery->person("Dan", embedding, total, images);
    expected.fused(fused);
    EXPECT_LT(cv::norm(embedding, fused, cv::NORM_INF), 1e-4 * cv::norm(fused, cv::NORM_INF));
    EXPECT_NEAR(total, expected.totalConfidence(), 1e-4);
    EXPECT_EQ(images, 2);
}

TEST_F(GalleryProgram, Lists) {
    const Outcome text = run("list " + quotedGallery);
    EXPECT_EQ(text.status, 0);
    EXPECT_THAT(text.out, AllOf(HasSubstr("4 people"), HasSubstr("Béla Ó"), HasSubstr("Chi 愛")));
    const json document = run("list --json " + quotedGallery).document();
    EXPECT_EQ(document["bundle_id"], std::string(cv::drgan::Bundle::load().id));
    ASSERT_EQ(document["people"].size(), 4u);
    EXPECT_EQ(document["people"][1]["name"], "Béla Ó");
    EXPECT_EQ(document["people"][1]["images"], 2);
    EXPECT_GT(document["people"][1]["total_confidence"], 0);
}

TEST_F(GalleryProgram, FindsThePeopleOfOtherPictures) {
    std::string queries;
    for (int person = 0; person < people; ++person) queries += " '" + frontal(person) + "'";
    const Outcome found = run("search " + quotedGallery + queries + " -k 2 --json");
    ASSERT_EQ(found.status, 0) << found.err;
    EXPECT_THAT(found.err, IsEmpty());
    const json document = found.document();
    ASSERT_EQ(document["pictures"].size(), 4u);
    for (size_t person = 0; person < people; ++person) {
        const json& picture = document["pictures"][person];
        ASSERT_EQ(picture["matches"].size(), 2u);
        EXPECT_EQ(picture["matches"][0]["name"], names[person]);
        EXPECT_EQ(picture["name"], names[person]);
        EXPECT_GE(picture["matches"][0]["similarity"], picture["threshold"]);
        EXPECT_GT(picture["matches"][0]["similarity"], picture["matches"][1]["similarity"]);
        EXPECT_NEAR(picture["yaw"].get<double>(), 0, 20);
        EXPECT_GT(picture["confidence"], 0);
        EXPECT_GT(picture["box"][2], 50);
    }
    for (const std::string index : {"ivf", "hnsw"}) {
        const Outcome indexed =
            run("search " + quotedGallery + queries + " -k 2 --json --index " + index + " --effort 3");
        if (cv::drgan::Gallery::hasIndexes()) {
            EXPECT_EQ(indexed.out, found.out) << indexed.err;
        } else {
            EXPECT_EQ(indexed.status, 1);
            EXPECT_THAT(indexed.err, HasSubstr("no Faiss"));
        }
    }
    const Outcome text = run("search " + quotedGallery + queries);
    EXPECT_THAT(text.out,
                AllOf(HasSubstr("query2.png: Chi 愛; confidence 0."), HasSubstr("query0.png: Ann; confidence 0.")));
}

TEST_F(GalleryProgram, NamesNobodyWhoIsNotAlikeEnough) {
    const std::string gallery = "'" + copyOfGallery("three.gallery") + "'";
    ASSERT_EQ(run("remove " + gallery + " 'Chi 愛'").status, 0);
    const Outcome stranger = run("search " + gallery + " --json '" + frontal(2) + "' '" + frontal(3) + "'");
    ASSERT_EQ(stranger.status, 0) << stranger.err;
    const json pictures = stranger.document()["pictures"];
    EXPECT_TRUE(pictures[0]["name"].is_null());
    EXPECT_LT(pictures[0]["matches"][0]["similarity"], pictures[0]["threshold"]);
    EXPECT_EQ(pictures[1]["name"], "Dan");
    const double asked = pictures[0]["threshold"], likeness = pictures[0]["matches"][0]["similarity"];

    EXPECT_THAT(run("search " + gallery + " '" + frontal(2) + "'").out, HasSubstr("query2.png: nobody ("));
    const json strict = run("search " + gallery + " --stranger-rate 0.0001 --json '" + frontal(2) + "'").document();
    EXPECT_GT(strict["pictures"][0]["threshold"], asked + 0.05);
    const std::string low = std::to_string(std::max(likeness - 0.01, -0.99));
    const json given = run("search " + gallery + " --threshold " + low + " --json '" + frontal(2) + "'").document();
    EXPECT_NEAR(given["pictures"][0]["threshold"].get<double>(), std::stod(low), 1e-5);
    EXPECT_EQ(run("search " + gallery + " --stranger-rate 0 '" + frontal(2) + "'").status, 2);
    EXPECT_EQ(run("search " + gallery + " --threshold 2 '" + frontal(2) + "'").status, 2);
}

TEST_F(GalleryProgram, CalibratesOnPeopleAndStrangers) {
    // Sixty people with random embeddings, which are less similar than those of faces.
    const auto bundle = cv::drgan::Bundle::load();
    const auto encoder = cv::drgan::Encoder::create(bundle.encoder);
    const std::string path = dir.path() + "/random.gallery", quoted = "'" + path + "'";
    const auto gallery = cv::drgan::Gallery::create(encoder);
    cv::Mat rows(60, encoder->embeddingSize(), CV_32F);
    cv::RNG random(1);
    random.fill(rows, cv::RNG::NORMAL, 0, 1);
    for (int i = 0; i < rows.rows; ++i) gallery->add("person " + std::to_string(i), rows.row(i), 1);
    gallery->save(path);

    const Outcome first = run("calibrate --json " + quoted);
    ASSERT_EQ(first.status, 0) << first.err;
    const json measured = first.document();
    EXPECT_EQ(measured["comparisons"], 60 * 59 / 2);
    EXPECT_EQ(measured["stored"], true);
    EXPECT_LT(measured["threshold"], measured["threshold_before"]);
    // Of 1770 pairs 17 reach the measured cosine at 1e-2.
    std::vector<double> cosines;
    for (int i = 0; i < 60; ++i) {
        for (int j = i + 1; j < 60; ++j) {
            cosines.push_back(rows.row(i).dot(rows.row(j)) / cv::norm(rows.row(i)) / cv::norm(rows.row(j)));
        }
    }
    std::sort(cosines.begin(), cosines.end(), std::greater<>());
    EXPECT_EQ(measured["thresholds"][1]["false_match_rate"], 0.01);
    EXPECT_NEAR(measured["thresholds"][1]["cosine"].get<double>(), cosines[16], 1e-5);
    EXPECT_EQ(measured["thresholds"][1]["measured"], true);
    EXPECT_EQ(measured["thresholds"][2]["measured"], false);
    // At lower rates, the bundle's curve continues.
    EXPECT_NEAR(measured["thresholds"][2]["cosine"].get<double>() - measured["thresholds"][1]["cosine"].get<double>(),
                bundle.thresholds.cosine(1e-3) - bundle.thresholds.cosine(1e-2), 1e-5);

    // Everything that gives names from this gallery uses this threshold.
    const auto loaded = cv::drgan::Gallery::load(path, encoder);
    EXPECT_NEAR(loaded->namingThreshold(bundle.naming()), measured["threshold"].get<double>(), 1e-5);
    const json search = run("search " + quoted + " --json '" + frontal(0) + "'").document();
    EXPECT_NEAR(search["pictures"][0]["threshold"].get<double>(), measured["threshold"].get<double>(), 1e-5);
    EXPECT_THAT(run("list " + quoted).out, HasSubstr("its own thresholds"));

    const Outcome again = run("calibrate " + quoted + " '" + frontal(0) + "' '" + frontal(1) + "'");
    EXPECT_EQ(again.status, 0) << again.err;
    EXPECT_THAT(again.out, AllOf(HasSubstr("1890 comparisons of 60 people and 2 pictures of strangers"),
                                 HasSubstr("of the strangers' pictures")));
    EXPECT_EQ(run("calibrate --drop " + quoted).status, 0);
    EXPECT_TRUE(cv::drgan::Gallery::load(path)->thresholds().empty());
}

TEST_F(GalleryProgram, CalibratesNothingOnTooFew) {
    const std::string path = copyOfGallery("few.gallery");
    const std::string before = readText(path);
    const Outcome few = run("calibrate '" + path + "' '" + frontal(0) + "' nothing.png --json");
    EXPECT_EQ(few.status, 1);
    EXPECT_THAT(few.err, AllOf(HasSubstr("4 people and 1 pictures of strangers give"), HasSubstr("at least 1000"),
                               HasSubstr("nothing was stored"), HasSubstr("nothing.png")));
    EXPECT_EQ(few.document()["stored"], false);
    EXPECT_EQ(readText(path), before);
}

TEST_F(GalleryProgram, CalibratesWithoutWhoIsThereTwice) {
    const auto bundle = cv::drgan::Bundle::load();
    const std::string path = dir.path() + "/twice.gallery";
    const auto gallery = cv::drgan::Gallery::create(cv::drgan::Encoder::create(bundle.encoder));
    cv::Mat rows(60, gallery->embeddingSize(), CV_32F);
    cv::RNG random(2);
    random.fill(rows, cv::RNG::NORMAL, 0, 1);
    for (int i = 0; i < rows.rows; ++i) gallery->add("person " + std::to_string(i), rows.row(i), 1);
    gallery->add("Bob", rows.row(0) + 0.1 * rows.row(1), 1);
    gallery->save(path);
    const Outcome twice = run("calibrate --json '" + path + "'");
    EXPECT_EQ(twice.status, 0) << twice.err;
    EXPECT_THAT(twice.err, HasSubstr("Bob and person 0 are so similar"));
    EXPECT_EQ(twice.document()["comparisons"], 61 * 60 / 2 - 1);
}

TEST_F(GalleryProgram, GoesOnAfterAPictureWithoutAFace) {
    const std::string wall = "'" + shared->path() + "/pictures/Nobody/wall.png'";
    const Outcome found = run("search " + quotedGallery + " " + wall + " nothing.png '" + frontal(3) + "' --json");
    EXPECT_EQ(found.status, 1);
    const json pictures = found.document()["pictures"];
    ASSERT_EQ(pictures.size(), 3u);
    EXPECT_EQ(pictures[0]["error"], "no face found");
    EXPECT_THAT(pictures[1]["error"], HasSubstr("cannot be opened"));
    EXPECT_EQ(pictures[2]["matches"][0]["name"], "Dan");
    EXPECT_THAT(found.err, AllOf(HasSubstr("wall.png: no face found"), HasSubstr("nothing.png: cannot be opened")));
}

TEST_F(GalleryProgram, DrawsAContactSheet) {
    const std::string sheet = dir.path() + "/sheet.png";
    const std::string queries = " '" + frontal(0) + "' '" + frontal(2) + "'";
    const Outcome found = run("search " + quotedGallery + queries + " -k 3 --contact-sheet '" + sheet + "'");
    ASSERT_EQ(found.status, 0) << found.err;
    const cv::Mat picture = cv::imread(sheet);
    ASSERT_FALSE(picture.empty());
    EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()), 1);

    // The sheet contains the decoder's frontal view of the best match.
    const auto bundle = cv::drgan::Bundle::load();
    const auto decoder = cv::drgan::Decoder::create(bundle.decoder);
    const auto gallery = cv::drgan::Gallery::load(shared->path() + "/people.gallery");
    for (const char* const name : {"Ann", "Chi 愛"}) {
        cv::Mat embedding, view, scores;
        double total = 0, best = 0;
        int images = 0;
        gallery->person(name, embedding, total, images);
        decoder->frontalize(embedding, view);
        cv::resize(view, view, cv::Size(160, 160), 0, 0, cv::INTER_CUBIC);
        view = view(cv::Rect(20, 20, 120, 120));  // its border may be covered by a frame
        cv::matchTemplate(picture, view, scores, cv::TM_CCOEFF_NORMED);
        cv::minMaxLoc(scores, nullptr, &best);
        EXPECT_GT(best, 0.99) << name;
    }
    EXPECT_EQ(run("search " + quotedGallery + queries + " --contact-sheet /nowhere/sheet.png").status, 1);
}

TEST_F(GalleryProgram, RemovesAllThatAreNamedOrNone) {
    const std::string copy = copyOfGallery("copy.gallery");
    const std::string before = readText(copy);
    const Outcome wrong = run("remove '" + copy + "' Ann Nemo");
    EXPECT_EQ(wrong.status, 1);
    EXPECT_THAT(wrong.err, AllOf(HasSubstr("no person named \"Nemo\""), HasSubstr(copy)));
    EXPECT_EQ(readText(copy), before);
    const Outcome right = run("remove '" + copy + "' Ann 'Chi 愛' --json");
    ASSERT_EQ(right.status, 0) << right.err;
    EXPECT_EQ(right.document()["people"], 2);
    EXPECT_THAT(run("list '" + copy + "'").out, AllOf(Not(HasSubstr("Ann")), HasSubstr("Dan")));
}

TEST_F(GalleryProgram, ListsThePicturesOfAPersonAndTakesOneOut) {
    const std::string copy = copyOfGallery("copy.gallery");
    const json before = run("pictures '" + copy + "' Dan --json").document();
    ASSERT_EQ(before["pictures"].size(), 2u);
    EXPECT_EQ(before["images"], 2);
    EXPECT_EQ(before["pictures"][0]["picture"], "5.png");
    EXPECT_EQ(before["pictures"][1]["picture"], "7.png");
    EXPECT_GT(before["pictures"][0]["confidence"], 0);
    EXPECT_GT(before["pictures"][0]["likeness"], 0.5);
    EXPECT_THAT(run("pictures '" + copy + "' Dan").out, AllOf(HasSubstr("likeness"), HasSubstr("7.png")));
    EXPECT_THAT(run("pictures '" + copy + "' Nemo").err, HasSubstr("no person named \"Nemo\""));

    const std::string bytes = readText(copy);
    const Outcome wrong = run("remove '" + copy + "' Dan --picture 5.png --picture 6.png");
    EXPECT_EQ(wrong.status, 1);
    EXPECT_THAT(wrong.err, HasSubstr("no picture \"6.png\" of Dan"));
    EXPECT_EQ(run("remove '" + copy + "' Dan Ann --picture 5.png").status, 1);
    EXPECT_EQ(readText(copy), bytes);
    const Outcome right = run("remove '" + copy + "' Dan --picture 5.png --json");
    ASSERT_EQ(right.status, 0) << right.err;
    EXPECT_EQ(right.document()["pictures"], 1);

    // As if the picture had never been added.
    const fs::path only = fs::path(dir.path()) / "only" / "Dan";
    fs::create_directories(only);
    cv::imwrite((only / "7.png").string(), facePicture(3, 7));
    ASSERT_EQ(run("build '" + dir.path() + "/only.gallery' '" + only.parent_path().string() + "'").status, 0);
    const auto left = cv::drgan::Gallery::load(copy), never = cv::drgan::Gallery::load(dir.path() + "/only.gallery");
    cv::Mat a, b;
    double total = 0, expected = 0;
    int images = 0;
    left->person("Dan", a, total, images);
    never->person("Dan", b, expected, images);
    EXPECT_EQ(cv::norm(a, b, cv::NORM_INF), 0);
    EXPECT_EQ(total, expected);

    EXPECT_THAT(run("remove '" + copy + "' Dan --picture 7.png").out, HasSubstr("the person was removed"));
    EXPECT_THAT(run("list '" + copy + "'").out, Not(HasSubstr("Dan")));
}

TEST_F(GalleryProgram, RenamesAPerson) {
    const std::string copy = copyOfGallery("copy.gallery");
    EXPECT_EQ(run("rename '" + copy + "' Ann 'Änn Ø'").status, 0);
    EXPECT_THAT(run("list '" + copy + "'").out, AllOf(HasSubstr("Änn Ø"), Not(HasSubstr("Ann"))));
    EXPECT_EQ(run("pictures --json '" + copy + "' 'Änn Ø'").document()["pictures"].size(), 2u);
    EXPECT_THAT(run("rename '" + copy + "' 'Änn Ø' Dan").err, HasSubstr("there is already such a person"));
    EXPECT_THAT(run("rename '" + copy + "' Ann Eve").err, HasSubstr("no person named \"Ann\""));
    EXPECT_EQ(run("rename '" + copy + "' Ann").status, 2);
}

TEST_F(GalleryProgram, KeepsNoPicturesAndAddsNoneTwice) {
    const std::string folder = dir.path() + "/people";
    fs::create_directories(folder + "/Eve");
    cv::imwrite(folder + "/Eve/a.png", facePicture(5, 6));
    const std::string plain = dir.path() + "/plain", kept = dir.path() + "/kept";
    ASSERT_EQ(run("build '" + plain + "' '" + folder + "' --no-pictures").status, 0);
    ASSERT_EQ(run("build '" + kept + "' '" + folder + "'").status, 0);
    EXPECT_LT(fs::file_size(plain) + 2048, fs::file_size(kept));
    EXPECT_THAT(run("pictures '" + plain + "' Eve").out, HasSubstr("1 of 1 are only in the fused embedding"));
    EXPECT_THAT(run("remove '" + plain + "' Eve --picture a.png").err, HasSubstr("no picture \"a.png\" of Eve"));

    const Outcome again = run("build --add '" + kept + "' '" + folder + "'");
    EXPECT_EQ(again.status, 1);
    EXPECT_THAT(again.err, HasSubstr("a.png: is in the gallery already"));
    cv::imwrite(folder + "/Eve/a.png", facePicture(5, 5));  // another picture of that name
    EXPECT_EQ(run("build --add '" + kept + "' '" + folder + "'").status, 0);
    const json pictures = run("pictures --json '" + kept + "' Eve").document()["pictures"];
    ASSERT_EQ(pictures.size(), 2u);
    EXPECT_EQ(pictures[1]["picture"], "a.png (2)");
    ASSERT_EQ(run("merge '" + dir.path() + "/both' '" + kept + "' '" + plain + "'").status, 0);
    EXPECT_EQ(run("merge '" + dir.path() + "/two' '" + kept + "' '" + kept + "'").status, 0);
    EXPECT_EQ(run("pictures --json '" + dir.path() + "/two' Eve").document()["pictures"][3]["picture"],
              "a.png (2) (2)");
}

TEST_F(GalleryProgram, LeavesOutGroupsAndStrangers) {
    const std::string folder = dir.path() + "/people";
    fs::create_directories(folder + "/Ann");
    fs::create_directories(folder + "/Half");
    for (const int column : {5, 6, 7}) {
        cv::imwrite(folder + "/Ann/" + std::to_string(column) + ".png", facePicture(0, column));
    }
    cv::imwrite(folder + "/Ann/stranger.png", facePicture(2, 6));
    cv::Mat group;
    cv::hconcat(facePicture(0, 6), facePicture(4, 6), group);
    cv::imwrite(folder + "/Ann/group.png", group);
    cv::imwrite(folder + "/Half/1.png", facePicture(4, 6));
    cv::imwrite(folder + "/Half/2.png", facePicture(6, 6));
    const Outcome built = run("build '" + dir.path() + "/g' '" + folder + "' --json");
    ASSERT_EQ(built.status, 0) << built.err;
    EXPECT_EQ(built.document()["fused"], 3);
    EXPECT_EQ(built.document()["people"], 1);
    EXPECT_THAT(built.err,
                AllOf(HasSubstr("stranger.png: unlike the other files of Ann"), HasSubstr("group.png: 2 faces"),
                      HasSubstr("1.png: the 2 files of Half do not fit together"),
                      HasSubstr("2.png: the 2 files of Half do not fit together")));
    const Outcome kept = run("build '" + dir.path() + "/h' '" + folder + "' --json --keep-unlike");
    EXPECT_EQ(kept.document()["fused"], 6);
    EXPECT_THAT(kept.err, HasSubstr("stranger.png: unlike the other files of Ann"));
}

TEST_F(GalleryProgram, Merges) {
    const std::string a = copyOfGallery("a"), b = copyOfGallery("b"), both = dir.path() + "/both";
    ASSERT_EQ(run("remove '" + a + "' Ann").status, 0);
    ASSERT_EQ(run("remove '" + b + "' Dan").status, 0);
    const Outcome merged = run("merge '" + both + "' '" + a + "' '" + b + "' --json");
    ASSERT_EQ(merged.status, 0) << merged.err;
    EXPECT_EQ(merged.document()["people"], 4);
    EXPECT_EQ(merged.document()["fused"], 2);
    const json list = run("list --json '" + both + "'").document()["people"];
    EXPECT_EQ(list[0]["images"], 2);  // Ann
    EXPECT_EQ(list[1]["images"], 4);  // Béla
    const Outcome again = run("merge '" + both + "' '" + a + "'");
    EXPECT_EQ(again.status, 1);
    EXPECT_THAT(again.err, AllOf(HasSubstr("both: exists already"), HasSubstr("--replace")));
    EXPECT_EQ(run("merge '" + both + "' '" + a + "' --replace").status, 0);
    EXPECT_EQ(run("merge '" + a + "' '" + a + "' '" + b + "'").status, 0);  // the output is one of the inputs

    const std::string other = dir.path() + "/other";
    cv::drgan::Gallery::createEmpty(8, "tiny")->save(other);
    const Outcome mixed = run("merge '" + dir.path() + "/mixed' '" + a + "' '" + other + "'");
    EXPECT_EQ(mixed.status, 1);
    EXPECT_THAT(mixed.err, AllOf(HasSubstr("bundle tiny"), HasSubstr("cannot be compared")));
    EXPECT_FALSE(fs::exists(dir.path() + "/mixed"));
    const Outcome search = run("search '" + other + "' '" + frontal(0) + "'");
    EXPECT_EQ(search.status, 1);
    EXPECT_THAT(search.err, AllOf(HasSubstr(other), HasSubstr("\"tiny\""), HasSubstr("cannot be compared")));
}

TEST_F(GalleryProgram, AGalleryThatIsThereIsNotLostByMistake) {
    const std::string copy = copyOfGallery("copy.gallery");
    const std::string before = readText(copy);
    const std::string one = dir.path() + "/one";
    fs::create_directories(one + "/Eve");
    cv::imwrite(one + "/Eve/a.png", facePicture(5, 6));
    const std::string line = "build '" + copy + "' '" + one + "' --json";
    const Outcome refused = run(line);
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.err, AllOf(HasSubstr("exists already"), HasSubstr("--add")));
    EXPECT_EQ(readText(copy), before);
    EXPECT_EQ(run(line + " --add").document()["people"], people + 1);
    EXPECT_EQ(run(line + " --replace").document()["people"], 1);
    EXPECT_EQ(run(line + " --add --replace").status, 2);
}

TEST_F(GalleryProgram, CreatesAGalleryOfNobodyAndReplacesNone) {
    const std::string file = dir.path() + "/new.gallery";
    const Outcome created = run("create '" + file + "' --json");
    EXPECT_EQ(created.status, 0) << created.err;
    const std::string bundle = cv::drgan::Bundle::load().id;
    EXPECT_EQ(created.document()["bundle_id"], bundle);
    const json listed = run("list '" + file + "' --json").document();
    EXPECT_EQ(listed["bundle_id"], bundle);
    EXPECT_THAT(listed["people"], IsEmpty());
    const std::string copy = copyOfGallery("copy.gallery");
    const std::string before = readText(copy);
    const Outcome refused = run("create '" + copy + "'");
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.err, HasSubstr("exists already"));
    EXPECT_EQ(readText(copy), before);
}

TEST_F(GalleryProgram, SaysWhatIsWrong) {
    const std::string empty = dir.path() + "/empty";
    fs::create_directories(empty + "/Ann");
    const std::string output = "'" + dir.path() + "/new.gallery'";
    EXPECT_THAT(run("build " + output + " '" + empty + "'").err, HasSubstr("contains no pictures"));
    drgan_test::writeFile(empty + "/Ann/a.jpg", std::string("no picture"));
    EXPECT_THAT(run("build " + output + " '" + empty + "'").err, HasSubstr("none of its 1 pictures"));
    EXPECT_THAT(run("build /nowhere/new.gallery '" + empty + "'").err, HasSubstr("/nowhere"));
    EXPECT_FALSE(fs::exists(dir.path() + "/new.gallery"));
    fs::create_directories(empty + "/line\nbreak");
    cv::imwrite(empty + "/line\nbreak/a.png", facePicture(0, 6));
    EXPECT_THAT(run("build " + output + " '" + empty + "'").err, HasSubstr("control character U+000A"));

    EXPECT_THAT(run("list '" + empty + "/Ann/a.jpg'").err, HasSubstr("is not a gallery"));
    EXPECT_THAT(run("list /nowhere").err, HasSubstr("/nowhere: cannot be opened"));
    EXPECT_EQ(run("list /nowhere").status, 1);
    EXPECT_EQ(run("").status, 2);
    EXPECT_EQ(run("paint x").status, 2);
    EXPECT_EQ(run("search " + quotedGallery + " a.png -k 0").status, 2);
    EXPECT_EQ(run("search " + quotedGallery + " a.png --index tree").status, 2);
    EXPECT_EQ(run("--help").status, 0);
}
