// SPDX-License-Identifier: Apache-2.0
//
// drgan-data on folders of whole pictures, with the default bundle's networks, and on the teacher's embeddings. The
// faces are generated ones from the repository: models/default/generated.jpg (DRGAN_FACES).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <opencv2/drgan.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <sstream>

#include "data/labels.hpp"
#include "io/csv.hpp"
#include "io/face_set.hpp"
#include "io/safetensors.hpp"
#include "run_program.hpp"
#include "temporary_folder.hpp"

namespace drgan::data {
namespace {

using drgan::test::readText;
using drgan::test::runProgram;
using drgan::test::TemporaryFolder;
using drgan::test::writeText;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

/// A frontal face of generated.jpg (a grid of faces of 112 pixels, a person per row, the middle column frontal), in a
/// larger picture.
cv::Mat facePicture(int person) {
    const cv::Mat grid = cv::imread(environment("DRGAN_FACES"));
    if (grid.empty()) {
        throw std::runtime_error("DRGAN_FACES names no picture");
    }
    cv::Mat picture;
    cv::resize(grid(cv::Rect(6 * 112, person * 112, 112, 112)), picture, cv::Size(224, 224), 0, 0, cv::INTER_CUBIC);
    cv::copyMakeBorder(picture, picture, 40, 100, 60, 160, cv::BORDER_REPLICATE);
    return picture;
}

std::string jpeg(const cv::Mat& picture) {
    std::vector<uint8_t> bytes;
    cv::imencode(".jpg", picture, bytes);
    return {bytes.begin(), bytes.end()};
}

/// A JPEG with EXIF's orientation tag: 6 means that the picture has to be rotated by 90 degrees clockwise.
std::string withOrientation(const std::string& picture, char orientation) {
    const std::string tiff = std::string("II*\0\x08\0\0\0", 8) + std::string("\x01\0\x12\x01\x03\0\x01\0\0\0", 10) +
                             std::string{orientation, 0, 0, 0} + std::string(4, '\0');
    const std::string body = std::string("Exif\0\0", 6) + tiff;
    const auto length = static_cast<char>(body.size() + 2);
    return picture.substr(0, 2) + std::string("\xFF\xE1", 2) + std::string{0, length} + body + picture.substr(2);
}

/// The contents of dropped.csv: "line file" -> reason.
std::map<std::string, std::string> dropsOf(const std::string& path) {
    std::istringstream stream(readText(path));
    std::map<std::string, std::string> drops;
    std::string line;
    std::getline(stream, line);
    while (std::getline(stream, line)) {
        const std::vector<std::string> fields = drgan::io::splitCsv(line);
        drops[fields.at(0) + " " + fields.at(1)] = fields.at(2);
    }
    return drops;
}

std::vector<int> personsOf(const io::FaceSet& set) { return {set.person().begin(), set.person().end()}; }

TEST(PeopleProgram, PreparesAFolderPerPerson) {
    const TemporaryFolder folder;
    const std::string people = folder.path() + "/people";
    writeText(folder / "people/ann/1.jpg", jpeg(facePicture(0)));
    writeText(folder / "people/ann/deep/2.PNG", jpeg(facePicture(1)));
    writeText(folder / "people/ann/3-corrupt.jpg", "no picture");
    writeText(folder / "people/ann/4-empty.jpg", "");
    writeText(folder / "people/ann/5-grey.jpg", jpeg(cv::Mat(300, 300, CV_8UC3, cv::Scalar::all(128))));
    const std::string whole = jpeg(facePicture(2));
    writeText(folder / "people/ann/6-half.jpg", whole.substr(0, whole.size() * 9 / 10));
    writeText(folder / "people/ann/notes.txt", "no picture");
    cv::Mat turned;
    cv::rotate(facePicture(3), turned, cv::ROTATE_90_COUNTERCLOCKWISE);
    writeText(folder / "people/bob/1.jpg", withOrientation(jpeg(turned), 6));
    writeText(folder / "people/carl/1.jpg", "no picture");
    std::filesystem::create_directories(folder / "people/nobody");
    writeText(folder / "people/m\xFCller/1.jpg", jpeg(facePicture(4)));  // Latin-1

    const std::string output = folder / "set.safetensors";
    const std::string log = folder / "log";
    ASSERT_EQ(runProgram("--people " + people + " --dev-share 1 --output " + output, log), 0) << readText(log);
    const io::FaceSet set(output);
    EXPECT_THAT(set.persons(), ElementsAre("ann", "bob", "m\xEF\xBF\xBDller"));
    EXPECT_THAT(personsOf(set), ElementsAre(0, 0, 1, 2));
    EXPECT_THAT(std::vector<int>(set.split().begin(), set.split().end()), testing::Each(1));
    EXPECT_THAT(std::vector<float>(set.yaw().begin(), set.yaw().end()), testing::Each(testing::FloatNear(0, 10)));
    const std::map<std::string, std::string> drops = dropsOf(output + ".dropped.csv");
    const std::map<std::string, std::string> expected = {
        {"2 ann/3-corrupt.jpg", "decoded"}, {"3 ann/4-empty.jpg", "empty"},
        {"4 ann/5-grey.jpg", "no face"},    {"5 ann/6-half.jpg", "cut off"},
        {"8 carl/1.jpg", "decoded"},        {"0 carl", "none of this person's 1 pictures"},
        {"0 nobody", "no picture"}};
    EXPECT_EQ(drops.size(), expected.size()) << readText(output + ".dropped.csv");
    for (const auto& [where, reason] : expected) {
        ASSERT_TRUE(drops.count(where)) << where;
        EXPECT_THAT(drops.at(where), HasSubstr(reason));
    }
    EXPECT_THAT(readText(log), AllOf(HasSubstr("2 people have only one picture"),
                                     HasSubstr("5 pictures were left out, and 2 folders")));

    // The rotated picture is upright in the set: its face equals that of a picture without the tag.
    std::filesystem::remove_all(people);
    writeText(folder / "people/bob/1.jpg", jpeg(facePicture(3)));
    const std::string upright = folder / "upright.safetensors";
    ASSERT_EQ(runProgram("--people " + people + " --output " + upright, log), 0) << readText(log);
    const io::FaceSet same(upright);
    const auto side = static_cast<size_t>(set.imageSize());
    std::vector<uint8_t> a(side * side * 3), b(a.size());
    set.decode(2, a.data());
    same.decode(0, b.data());
    EXPECT_LT(cv::norm(a, b, cv::NORM_L1) / static_cast<double>(a.size()), 8);

    EXPECT_EQ(runProgram("--people " + people + " --least-face 500 --output " + upright, log), 1);
    EXPECT_THAT(readText(log), HasSubstr("nothing to write"));
}

TEST(CfpProgram, AlignsByFiducials) {
    const TemporaryFolder folder;
    std::ostringstream fiducials;
    for (int i = 0; i < 30; ++i) {
        // In facePicture() the eyes are near y = 40 + 103, the mouth near 40 + 184, the middle at x = 60 + 112.
        const bool eye = i >= 12 && i < 18, line = i >= 18 && i < 22;
        const int x = eye ? 140 : i == 25 ? 146 : 172;
        const int y = eye ? 143 : line ? 143 + 17 * (i - 18) : i >= 25 ? 224 : 200;
        fiducials << x << ',' << y << '\n';
    }
    for (const char* person : {"003", "012"}) {
        const std::string name = std::string(person) + "/frontal/01";
        writeText(folder / ("cfp/Data/Images/" + name + ".jpg"), jpeg(facePicture(5)));
        writeText(folder / ("cfp/Data/Fiducials/" + name + ".txt"), fiducials.str());
    }
    writeText(folder / "cfp/Data/Images/003/profile/01.jpg", jpeg(facePicture(5)));
    const std::string output = folder / "set.safetensors";
    const std::string log = folder / "log";
    ASSERT_EQ(runProgram("--cfp " + folder.path() + "/cfp --dev-people 10-20 --size 64 --output " + output, log), 0)
        << readText(log);
    const io::FaceSet set(output);
    EXPECT_THAT(set.persons(), ElementsAre("cfp003", "cfp012"));
    EXPECT_THAT(std::vector<int>(set.split().begin(), set.split().end()), ElementsAre(0, 1));
    const float* p = set.landmarks().data();
    EXPECT_NEAR(p[2] - p[0], 2 * 32 * 64 * 0.363 / 81,
                0.01);  // 32 pixels from the eye to the middle, 81 pixels down to the mouth
    EXPECT_NEAR((p[1] + p[3]) / 2, 64 * 0.461, 0.01);
    EXPECT_NEAR((p[7] + p[9]) / 2, 64 * (0.461 + 0.363), 0.01);
    EXPECT_THAT(readText(log), HasSubstr("2 faces were aligned with CFP's fiducials"));
    EXPECT_THAT(dropsOf(output + ".dropped.csv").at("2 Data/Images/003/profile/01.jpg"), HasSubstr("01.txt"));
}

TEST(InputOptions, ExactlyOneLayout) {
    const TemporaryFolder folder;
    const std::string log = folder / "log";
    const std::string end = " --output " + (folder / "x.safetensors");
    const std::string one = "--people " + folder.path();
    EXPECT_NE(runProgram(end, log), 0);
    EXPECT_THAT(readText(log), AllOf(HasSubstr("xactly 1"), HasSubstr("--labels"), HasSubstr("--people")));
    EXPECT_NE(runProgram(one + " --cfp " + folder.path() + end, log), 0);
    EXPECT_THAT(readText(log), AllOf(HasSubstr("xactly 1"), HasSubstr("--labels"), HasSubstr("--cfp")));
    EXPECT_NE(runProgram(one + " --dev-people 1-2" + end, log), 0);
    EXPECT_THAT(readText(log), AllOf(HasSubstr("--dev-people"), HasSubstr("--cfp")));
    EXPECT_NE(runProgram("--cfp " + folder.path() + " --dev-share 0.1" + end, log), 0);
    EXPECT_THAT(readText(log), AllOf(HasSubstr("--dev-share"), HasSubstr("--people")));
    EXPECT_NE(runProgram("--labels " + folder.path() + " --least-face 30" + end, log), 0);
    EXPECT_THAT(readText(log), AllOf(HasSubstr("--least-face"), HasSubstr("--labels")));
    EXPECT_NE(runProgram("--cfp " + folder.path() + " --dev-people all" + end, log), 0);
    EXPECT_THAT(readText(log), AllOf(HasSubstr("'all'"), HasSubstr("--dev-people")));
    EXPECT_NE(runProgram(one + end, log), 0);
    EXPECT_THAT(readText(log), AllOf(HasSubstr(folder.path()), HasSubstr("one per person")));
    EXPECT_FALSE(std::filesystem::exists(folder / "x.safetensors"));
}

float halfToFloat(uint16_t half) {
    const float magnitude = std::ldexp(static_cast<float>((half & 0x3FF) + ((half & 0x7C00) ? 0x400 : 0)),
                                       std::max(1, (half >> 10) & 0x1F) - 25);
    return half & 0x8000 ? -magnitude : magnitude;
}

TEST(Teacher, GivesTheEmbeddingsThatAreKnown) {
    const std::string faces = environment("DRGAN_SHARED") + "/data/faces/";
    const std::string model = environment("DRGAN_SHARED") + "/models/mobilefacenet_opencv46.onnx";
    const std::string tar = "lfw-k-z.tar";
    for (const std::string& need : {faces + "labels.csv", faces + tar, faces + "teacher.safetensors", model}) {
        if (!std::filesystem::exists(need)) {
            GTEST_SKIP() << "DRGAN_SHARED: there is no " << need;
        }
    }
    // Every twentieth row of one tar.
    const TemporaryFolder folder;
    std::filesystem::create_symlink(std::filesystem::absolute(faces + tar), folder / tar);
    std::istringstream labels(readText(faces + "labels.csv"));
    std::string line, sample;
    std::vector<size_t> rows;
    std::getline(labels, line);
    sample = line + "\n";
    for (size_t row = 0, member = 0; std::getline(labels, line); ++row) {
        if (line.find("," + tar + ",") != std::string::npos && member++ % 20 == 0) {
            sample += line + "\n";
            rows.push_back(row);
        }
    }
    ASSERT_GE(rows.size(), 100U);
    writeText(folder / "labels.csv", sample);
    const io::SafetensorsFile known(faces + "teacher.safetensors");
    const auto* embeddings = reinterpret_cast<const uint16_t*>(known.at("embedding").data);
    const std::string log = folder / "log";
    const auto medianCosine = [&](const std::string& options) {
        const std::string output = folder / "set.safetensors";
        const int status = runProgram("--labels " + folder.path() + " --teacher " + model +
                                          " --teacher-order RGB --teacher-mean 123.675,116.28,103.53 --teacher-scale "
                                          "58.395,57.12,57.375 --output " +
                                          output + options,
                                      log);
        EXPECT_EQ(status, 0) << readText(log);
        const io::FaceSet set(output);
        EXPECT_EQ(set.size(), rows.size());
        EXPECT_EQ(set.teacherSize(), 128U);
        std::vector<double> cosines;
        for (size_t i = 0; i < rows.size(); ++i) {
            double dot = 0, norm = 0;
            for (size_t k = 0; k < 128; ++k) {
                const double value = halfToFloat(embeddings[rows[i] * 128 + k]);
                dot += value * set.teacher()[i * 128 + k];
                norm += value * value;
            }
            cosines.push_back(dot / std::sqrt(norm));
        }
        std::nth_element(cosines.begin(), cosines.begin() + cosines.size() / 2, cosines.end());
        return cosines[cosines.size() / 2];
    };
    // The known embeddings come from the original pictures with the five-point fit, these from the 160 pixel crops.
    const double fivePoint = medianCosine(" --teacher-align five-point");
    const double twoPoint = medianCosine("");
    RecordProperty("five_point", std::to_string(fivePoint));
    std::printf("median cosine of %zu faces: five-point %.4f, two-point %.4f\n", rows.size(), fivePoint, twoPoint);
    EXPECT_GT(fivePoint, 0.97);
    EXPECT_GT(twoPoint, 0.9);
    EXPECT_NE(runProgram("--labels " + folder.path() + " --teacher " + model + " --teacher-mean 1,2 --output " +
                             (folder / "set.safetensors"),
                         log),
              0);
    EXPECT_THAT(readText(log), HasSubstr("2 numbers, expected one or three"));
}

}  // namespace
}  // namespace drgan::data
