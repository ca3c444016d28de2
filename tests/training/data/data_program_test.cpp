// SPDX-License-Identifier: Apache-2.0
//
// drgan-data as users run it, on a list and a tar that the test makes. DRGAN_DATA_PROGRAM has the program's path.

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <opencv2/drgan.hpp>
#include <opencv2/imgcodecs.hpp>
#include <sstream>

#include "data/labels.hpp"
#include "data/recognizer.hpp"
#include "io/csv.hpp"
#include "io/face_set.hpp"
#include "io/scene_faces.hpp"
#include "pictures.hpp"
#include "run_program.hpp"
#include "temporary_folder.hpp"
#include "yunet.hpp"

namespace drgan::data {
namespace {

using drgan::test::readText;
using drgan::test::runProgram;
using drgan::test::TemporaryFolder;
using drgan::test::writeText;
using testing::HasSubstr;

std::string shared() {
    const char* path = std::getenv("DRGAN_SHARED");
    return path ? path : "";
}

void writeTar(const std::string& path, const std::map<std::string, std::string>& members) {
    archive* tar = archive_write_new();
    archive_write_set_format_ustar(tar);
    ASSERT_EQ(archive_write_open_filename(tar, path.c_str()), ARCHIVE_OK);
    for (const auto& [name, bytes] : members) {
        archive_entry* entry = archive_entry_new();
        archive_entry_set_pathname(entry, name.c_str());
        archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        EXPECT_EQ(archive_write_header(tar, entry), ARCHIVE_OK);
        archive_write_data(tar, bytes.data(), bytes.size());
        archive_entry_free(entry);
    }
    archive_write_close(tar);
    archive_write_free(tar);
}

class DataProgram : public testing::Test {
protected:
    void SetUp() override {
        std::string csv =
            "file,tar,person,split,yaw_deg,right_eye_x,right_eye_y,left_eye_x,left_eye_y,nose_x,nose_y,right_mouth_x,"
            "right_mouth_y,left_mouth_x,left_mouth_y\n";
        std::map<std::string, std::string> members;
        for (int i = 0; i < 4; ++i) {
            const drgan_test::DrawnFace face =
                drgan_test::drawFace({160, 160}, {80, 80}, 90, 4.F * static_cast<float>(i), i);
            std::vector<uint8_t> jpeg;
            cv::imencode(".jpg", face.picture, jpeg);
            const std::string name = "p/" + std::to_string(i) + ".jpg";
            if (i < 3) {
                members[name] = std::string(jpeg.begin(), jpeg.end());
            } else {
                writeText(folder_ / name, std::string(jpeg.begin(), jpeg.end()));  // next to the tar, not in it
            }
            std::ostringstream line;
            line << name << (i < 3 ? ",a.tar," : ",,") << (i < 2 ? "ann" : "bob") << (i == 2 ? ",dev," : ",train,")
                 << 5 * i;
            for (int k = 0; k < 5; ++k) {
                line << ',' << face.landmarks.at<float>(k, 0) << ',' << face.landmarks.at<float>(k, 1);
            }
            csv += line.str() + "\n";
        }
        const std::string points = ",60,60,100,60,80,80,65,100,95,100\n";
        members["broken.jpg"] = "this is no picture";
        csv += "broken.jpg,a.tar,ann,train,0" + points;            // line 6
        csv += "absent.jpg,a.tar,ann,train,0" + points;            // line 7
        csv += "other.jpg,absent.tar,ann,train,0" + points;        // line 8
        csv += "p/0.jpg,a.tar,ann,train,forward" + points;         // line 9
        csv += "p/1.jpg,a.tar,ann,train,0,1,1,1,1,1,1,1,1,1,1\n";  // line 10: a face of size zero
        writeTar(folder_ / "a.tar", members);
        writeText(folder_ / "labels.csv", csv);
    }
    TemporaryFolder folder_;
};

TEST_F(DataProgram, PreparesWhatIsGoodAndListsTheRest) {
    const std::string output = folder_ / "set.safetensors";
    const std::string log = folder_ / "log";
    ASSERT_EQ(runProgram("--labels " + folder_.path() + " --output " + output + " --size 64", log), 0) << readText(log);
    const io::FaceSet set(output);
    ASSERT_EQ(set.size(), 4U);
    EXPECT_EQ(set.imageSize(), 64);
    EXPECT_THAT(set.persons(), testing::ElementsAre("ann", "bob"));
    EXPECT_THAT(std::vector<int>(set.person().begin(), set.person().end()), testing::ElementsAre(0, 0, 1, 1));
    EXPECT_THAT(std::vector<int>(set.split().begin(), set.split().end()), testing::ElementsAre(0, 0, 1, 0));
    EXPECT_THAT(std::vector<float>(set.yaw().begin(), set.yaw().end()), testing::ElementsAre(0, 5, 10, 15));
    std::vector<uint8_t> rgb(64 * 64 * 3);
    for (size_t row = 0; row < 4; ++row) {
        set.decode(row, rgb.data());
        // The midpoints of the eyes and of the mouth are where the alignment puts them.
        const float* p = set.landmarks().data() + row * 10;
        EXPECT_NEAR((p[0] + p[2]) / 2, 32, 0.01);
        EXPECT_NEAR((p[1] + p[3]) / 2, 64 * 0.461, 0.01);
        EXPECT_NEAR((p[6] + p[8]) / 2, 32, 0.01);
        EXPECT_NEAR((p[7] + p[9]) / 2, 64 * (0.461 + 0.363), 0.01);
    }
    std::istringstream dropped(readText(output + ".dropped.csv"));
    std::string line;
    std::getline(dropped, line);
    EXPECT_EQ(line, "line,file,reason");
    const char* const expected[][3] = {{"6", "broken.jpg", "decoded"},
                                       {"7", "absent.jpg", "no such member"},
                                       {"8", "other.jpg", "absent.tar"},
                                       {"9", "p/0.jpg", "'forward'"},
                                       {"10", "p/1.jpg", "apart"}};
    std::map<std::string, std::vector<std::string>> found;
    while (std::getline(dropped, line)) {
        const std::vector<std::string> fields = drgan::io::splitCsv(line);
        ASSERT_EQ(fields.size(), 3U) << line;
        found[fields[0]] = fields;
    }
    EXPECT_EQ(found.size(), 5U);
    for (const auto& e : expected) {
        ASSERT_TRUE(found.count(e[0])) << e[0];
        EXPECT_EQ(found[e[0]][1], e[1]);
        EXPECT_THAT(found[e[0]][2], HasSubstr(e[2]));
    }
    EXPECT_THAT(readText(log), HasSubstr("5 pictures were left out"));
}

TEST_F(DataProgram, GivesTheSameSetWithAnyNumberOfThreads) {
    const std::string one = folder_ / "one.safetensors";
    const std::string five = folder_ / "five.safetensors";
    ASSERT_EQ(runProgram("--labels " + folder_.path() + " --threads 1 --output " + one, folder_ / "log"), 0);
    ASSERT_EQ(runProgram("--labels " + folder_.path() + " --threads 5 --output " + five, folder_ / "log"), 0);
    EXPECT_EQ(readText(one), readText(five));
}

TEST_F(DataProgram, FailsClearly) {
    const std::string log = folder_ / "log";
    EXPECT_EQ(runProgram("--labels " + folder_.path() + "/p --output " + (folder_ / "x.safetensors"), log), 1);
    EXPECT_THAT(readText(log), HasSubstr("labels.csv"));
    EXPECT_EQ(runProgram("--labels " + folder_.path() + " --output /no/such/folder/x", log), 1);
    EXPECT_THAT(readText(log), HasSubstr("/no/such/folder/x"));
    const std::string bad = folder_ / "bad.onnx";
    writeText(bad, "no model");
    for (const char* option : {"--mesh ", "--teacher ", "--detector "}) {
        EXPECT_EQ(
            runProgram("--labels " + folder_.path() + " --output " + (folder_ / "x.safetensors") + " " + option + bad,
                       log),
            1)
            << option;
        EXPECT_THAT(readText(log), HasSubstr("bad.onnx")) << option;
    }
    writeText(folder_ / "labels.csv", "file,person\nabsent.jpg,ann\n");
    EXPECT_EQ(runProgram("--labels " + folder_.path() + " --output " + (folder_ / "x.safetensors"), log), 1);
    EXPECT_THAT(readText(log), HasSubstr("nothing to write"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "x.safetensors"));
}

TEST_F(DataProgram, ADetectorOfOtherVersionsOfOpenCvIsRefusedBeforeAnyPicture) {
    const std::string model = drgan_test::yuNetOfOtherVersions();
    if (model.empty()) {
        GTEST_SKIP() << "needs a YuNet that this OpenCV cannot run in models/ of the folder that DRGAN_SHARED names";
    }
    const std::string log = folder_ / "log";
    EXPECT_EQ(
        runProgram("--labels " + folder_.path() + " --output " + (folder_ / "x.safetensors") + " --detector " + model,
                   log),
        1);
    EXPECT_THAT(readText(log), testing::AllOf(HasSubstr(model), HasSubstr("2023 from 4.8 on")));
}

TEST_F(DataProgram, LabelsTheFacesOfPhotographs) {
    NEEDS_YUNET(yunet);
    const char* generated = std::getenv("DRGAN_FACES");
    ASSERT_TRUE(generated);
    const cv::Mat sheet = cv::imread(generated);
    ASSERT_FALSE(sheet.empty());
    cv::imwrite(folder_ / "photos/people.png",
                sheet(cv::Rect(0, 0, std::min(480, sheet.cols), std::min(360, sheet.rows))));
    cv::imwrite(folder_ / "photos/nobody.png", cv::Mat(200, 300, CV_8UC3, cv::Scalar(120, 90, 60)));
    writeText(folder_ / "photos/notes.txt", "no picture");
    const std::string log = folder_ / "log", output = folder_ / "faces.csv";
    ASSERT_EQ(runProgram("--photos " + (folder_ / "photos") + " --detector " + yunet + " --output " + output, log), 0)
        << readText(log);
    const io::SceneFaces faces = io::readSceneFaces(output);
    ASSERT_EQ(faces.size(), 2U);
    for (const io::LabelledFace& face : faces.at("nobody.png")) {
        EXPECT_LT(face.score, 0.85F);
    }
    int sure = 0;
    for (const io::LabelledFace& face : faces.at("people.png")) {
        sure += face.score >= 0.85F ? 1 : 0;
        const float eyes = (face.landmarks[1] + face.landmarks[3]) / 2,
                    mouth = (face.landmarks[7] + face.landmarks[9]) / 2;
        EXPECT_GT(mouth, eyes);
        EXPECT_GT(eyes, face.box.y);
        EXPECT_LT(mouth, face.box.br().y);
    }
    EXPECT_GT(sure, 1);
    EXPECT_NE(runProgram("--photos " + (folder_ / "photos") + " --output " + output, log), 0);
    EXPECT_THAT(readText(log), HasSubstr("--detector"));
    writeText(folder_ / "none/notes.txt", "no picture");
    EXPECT_EQ(runProgram("--photos " + (folder_ / "none") + " --detector " + yunet + " --output " + output, log), 1);
    EXPECT_THAT(readText(log), HasSubstr("no picture that can be read"));
}

TEST_F(DataProgram, TurnsAndEmbedsRealFaces) {
    NEEDS_YUNET(yunet);
    const std::string models = shared() + "/models/";
    for (const std::string& need : {models + "face_mesh_192.onnx", models + "mobilefacenet_prelu_512.onnx",
                                    shared() + "/data/faces/labels.csv"}) {
        if (!std::filesystem::exists(need)) {
            GTEST_SKIP() << "DRGAN_SHARED: there is no " << need;
        }
    }
    const std::string output = folder_ / "set.safetensors";
    const std::string log = folder_ / "log";
    ASSERT_EQ(runProgram("--labels " + shared() + "/data/faces --limit 24 --output " + output + " --mesh " + models +
                             "face_mesh_192.onnx --turned 3 --detector " + yunet + " --teacher " + models +
                             "mobilefacenet_prelu_512.onnx",
                         log),
              0)
        << readText(log);
    const io::FaceSet set(output);
    ASSERT_EQ(set.teacherSize(), 512U);
    Recognizer recognizer(models + "mobilefacenet_prelu_512.onnx", RecognizerInput());
    size_t turned = 0;
    double nearOrigin = 0;  // cosines of 20..42 degree views and the pictures that they were rendered from
    int near = 0;
    for (size_t row = 0; row < set.size(); ++row) {
        double norm = 0;
        for (size_t k = 0; k < 512; ++k) {
            norm += std::pow(set.teacher()[row * 512 + k], 2);
        }
        const int32_t origin = set.origin()[row];
        EXPECT_NEAR(norm, origin < 0 ? 1 : 0, 1e-5);
        if (origin < 0) {
            continue;
        }
        ++turned;
        EXPECT_EQ(set.person()[row], set.person()[origin]);
        EXPECT_EQ(set.split()[row], set.split()[origin]);
        EXPECT_GE(std::abs(set.yaw()[row]), 19.9F);
        EXPECT_LE(std::abs(set.yaw()[row]), 88.1F);
        cv::Mat points(5, 2, CV_32F, const_cast<float*>(set.landmarks().data() + row * 10));
        EXPECT_GT(cv::drgan::estimateYaw(points) * set.yaw()[row], 0) << "row " << row << " looks the wrong way";
        if (std::abs(set.yaw()[row]) < 42) {
            const cv::Mat jpeg(1, static_cast<int>(set.jpeg(row).size()), CV_8U,
                               const_cast<uint8_t*>(set.jpeg(row).data()));
            const cv::Mat embedding = recognizer.embedMirrored(cv::imdecode(jpeg, cv::IMREAD_COLOR));
            const cv::Mat own(1, 512, CV_32F, const_cast<float*>(set.teacher().data() + origin * 512));
            nearOrigin += embedding.dot(own);
            ++near;
        }
    }
    ASSERT_GE(turned, 20U);
    ASSERT_GT(near, 0);
    EXPECT_GT(nearOrigin / near, 0.4);  // unrelated faces are near 0; a turned view is still the same person
}

}  // namespace
}  // namespace drgan::data
