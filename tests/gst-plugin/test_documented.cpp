// SPDX-License-Identifier: Apache-2.0
//
// Runs the pipelines of README.md and docs/element.md and the examples as they are written, on a phone's video: they
// must end without an error, turn it upright and recognise the person in it.
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>

#include "element_fixture.hpp"
#include "generated_faces.hpp"
#include "phone_clip.hpp"

namespace {

namespace fs = std::filesystem;
using drgan_test::TempDir;
using testing::HasSubstr;

constexpr int person = 3;

std::string read(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

struct Line {
    std::string name;
    std::string command;
};
std::ostream& operator<<(std::ostream& out, const Line& line) { return out << line.command; }

// The commands in a page's shell blocks that run drganfrontalize. A backslash at the end continues a line.
std::vector<Line> linesOf(const std::string& page, const std::string& prefix) {
    std::istringstream in(read(fs::path(DRGAN_SOURCE_ROOT) / page));
    std::vector<Line> out;
    std::string whole;
    bool inside = false;
    for (std::string line; std::getline(in, line);) {
        const size_t first = line.find_first_not_of(' ');
        line.erase(0, std::min(first, line.size()));
        if (line.rfind("```", 0) == 0) {
            inside = line == "```sh";
            continue;
        }
        const bool goesOn = !line.empty() && line.back() == '\\';
        if (inside) {
            whole += goesOn ? line.substr(0, line.size() - 1) : line;
        }
        if (inside && !goesOn) {
            if (whole.find("gst-launch-1.0") != std::string::npos || whole.find("examples/") != std::string::npos) {
                out.push_back({prefix + std::to_string(out.size() + 1), whole});
            }
            whole.clear();
        }
    }
    return out;
}

std::vector<Line> documented() {
    std::vector<Line> out = linesOf("README.md", "Readme");
    for (const auto& line : linesOf("docs/element.md", "Element")) {
        out.push_back(line);
    }
    out.push_back({"ExampleWindow", "examples/pipelines.sh window in.mp4"});
    out.push_back({"ExampleMessages", "examples/pipelines.sh messages in.mp4 > results.jsonl"});
    out.push_back({"ExampleProfile", "examples/pipelines.sh profile in.mp4 out.mp4"});
    out.push_back({"ExampleFaces", "examples/faces.py in.mp4"});
    out.push_back({"Demo", "drgan-demo -o . in.mp4"});
    return out;
}

bool replace(std::string& text, const std::string& what, const std::string& with) {
    bool any = false;
    for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
        text.replace(at, what.size(), with);
        any = true;
    }
    return any;
}

// Replaces what a test machine does not have: a window, a camera, a streaming server, a broker. The rest stays as
// written.
std::string here(std::string command) {
    replace(command, "/path/to/video.mp4", "in.mp4");
    replace(command, "v4l2src", "filesrc location=upright.mp4");
    replace(command, "rtspsrc location=rtsp://127.0.0.1:8554/in latency=200", "filesrc location=upright.mp4");
    command = std::regex_replace(command, std::regex("mosquitto_pub [^|]*-l"), "cat > mqtt.jsonl");
    replace(command, "examples/", std::string(DRGAN_SOURCE_ROOT) + "/examples/");
    replace(command, "drgan-demo", std::string(DRGAN_BUILD_ROOT) + "/examples/drgan-demo");
    return command;
}

struct Ran {
    int code = -1;
    std::string output;
};

/// A missing dependency that the output names; empty: none.
std::string lacks(const Ran& ran) {
    std::smatch found;
    for (const char* pattern :
         {"no element \"([^\"]*)\"", "([^ :]*): command not found", "([^ :]*): No such file or directory",
          "No module named '([^']*)'", "Namespace (\\S+) not available"}) {
        if (ran.code != 0 && std::regex_search(ran.output, found, std::regex(pattern))) {
            return found[1];
        }
    }
    return {};
}

class Documented : public testing::TestWithParam<Line> {
protected:
    static void SetUpTestSuite() {
        if (!drgan_test::trainedBundle().empty()) {
            picture_ = drgan_test::GeneratedFaces().picture(person);
        }
    }

    void SetUp() override {
        if (picture_.empty()) {
            GTEST_SKIP() << "no trained bundle: set DRGAN_BUNDLE";
        }
        fs::create_directories(dir.path() + "/pictures/Ada");
        cv::imwrite(dir.path() + "/pictures/Ada/a.png", picture_);
        const std::string why = drgan_test::writePhoneClip(dir.path() + "/in.mp4", picture_);
        if (why.find("no element") != std::string::npos) {
            GTEST_SKIP() << why;
        }
        ASSERT_EQ(why, "");
        ASSERT_EQ(drgan_test::writePhoneClip(dir.path() + "/upright.mp4", picture_, false), "");
        for (const char* name : {"video.mp4", "a.mp4", "b.mp4"}) {
            fs::create_symlink("in.mp4", dir.path() + "/" + name);
        }
        fs::create_directory_symlink(drgan_test::trainedBundle(), dir.path() + "/my-bundle");
        const Ran enrolled = run("drgan-enroll -q pictures -o people.gallery");
        ASSERT_EQ(enrolled.code, 0) << enrolled.output;
        fs::remove(dir.path() + "/results.jsonl");
    }

    Ran run(const std::string& command) const {
        const std::string script = dir.path() + "/script";
        std::ofstream(script)
            << "set -eo pipefail\ncd " << dir.path() << "\nexport PATH=" << DRGAN_BUILD_ROOT
            << "/gst-plugin/enroll:$PATH\n"
            << "export GST_PLUGIN_FEATURE_RANK=fakevideosink:MAX\n"  // autovideosink chooses it, so no window opens
            << command << '\n';
        const std::string output = dir.path() + "/output";
        const int status = std::system(("timeout 120 bash " + script + " > " + output + " 2>&1 < /dev/null").c_str());
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(output)};
    }

    TempDir dir;
    static cv::Mat picture_;
};
cv::Mat Documented::picture_;

INSTANTIATE_TEST_SUITE_P(Line, Documented, testing::ValuesIn(documented()),
                         [](const auto& info) { return info.param.name; });

TEST_P(Documented, RunsAndFindsWhoIsInATelephonesVideo) {
    const std::string command = here(GetParam().command);
    const Ran ran = run(command);
    if (!lacks(ran).empty()) {
        GTEST_SKIP() << "NOT RUN, " << lacks(ran) << " is not installed: " << command;
    }
    ASSERT_EQ(ran.code, 0) << command << '\n' << ran.output;
    EXPECT_THAT(ran.output, testing::Not(HasSubstr("not upright"))) << command;
    int results = 0;
    for (const auto& file : fs::directory_iterator(dir.path())) {
        if (file.path().extension() == ".jsonl") {
            ++results;
            EXPECT_THAT(read(file), HasSubstr("track-updated")) << file << '\n' << ran.output;
        }
    }
    const auto writes = [&](const char* what) { return GetParam().command.find(what) != std::string::npos; };
    EXPECT_GE(results, writes("jsonl") || writes("mosquitto") ? 1 : 0);
    for (const auto& [what, file] : {std::pair("out.mp4", "out.mp4"), std::pair("face-%05d.png", "face-00000.png"),
                                     std::pair("drgan-demo", "annotated.mp4")}) {
        if (writes(what)) {
            ASSERT_TRUE(fs::exists(dir.path() + "/" + file)) << ran.output;
            EXPECT_GT(fs::file_size(dir.path() + "/" + file), 1000U);
        }
    }
    if (writes("gallery=") && writes("results-location=results.jsonl")) {
        EXPECT_THAT(read(dir.path() + "/results.jsonl"), HasSubstr("\"label\":\"Ada\""));
    }
    if (writes("jq") && writes("gallery=")) {
        EXPECT_THAT(ran.output, HasSubstr("\"Ada\""));
    }
    if (writes("faces.py") && writes("people.gallery")) {
        EXPECT_THAT(ran.output, HasSubstr("Ada"));
    }
}

TEST(Pages, HaveAsManyPipelinesAsTheTestKnows) {
    EXPECT_EQ(linesOf("README.md", "").size(), 3U);
    EXPECT_EQ(linesOf("docs/element.md", "").size(), 10U);
}

// From this file, GStreamer 1.22 outputs neither a frame nor EOS; 1.26 decodes it.
TEST(FacesProgram, EndsWithAFileThatGivesNothing) {
    if (drgan_test::trainedBundle().empty()) {
        GTEST_SKIP() << "no trained bundle: set DRGAN_BUNDLE";
    }
    const TempDir dir;
    const std::string file = dir.path() + "/one.gif";
    constexpr unsigned char gif[] = {'G', 'I', 'F', '8', '9',  'a',  1, 0, 1, 0,    0x80, 0, 0,    255, 255,
                                     255, 0,   0,   0,   0x21, 0xf9, 4, 1, 0, 0,    0,    0, 0x2c, 0,   0,
                                     0,   0,   1,   0,   1,    0,    0, 2, 2, 0x44, 1,    0, 0x3b};
    std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(gif), sizeof gif);
    const std::string output = dir.path() + "/out";
    const int status = std::system(
        ("timeout 60 /usr/bin/python3 " DRGAN_SOURCE_ROOT "/examples/faces.py " + file + " > " + output + " 2>&1")
            .c_str());
    const Ran ran{WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(output)};
    if (!lacks(ran).empty()) {
        GTEST_SKIP() << "NOT RUN, " << lacks(ran) << " is not installed";
    }
    if (ran.code == 0 && ran.output.find("frames=(guint64)1,") != std::string::npos) {
        GTEST_SKIP() << "this GStreamer decodes the GIF";
    }
    EXPECT_EQ(ran.code, 1) << ran.output;
    EXPECT_THAT(ran.output, HasSubstr("one.gif: no frame for"));
}

// For drgan-enroll, a rotated video and an upright one of the same picture show the same person, under the same name.
TEST(PhoneClip, IsEnrolledAsTheUprightOneIs) {
    if (drgan_test::trainedBundle().empty() || std::getenv("DRGAN_ENROLL") == nullptr) {
        GTEST_SKIP() << "set DRGAN_ENROLL to the program and DRGAN_BUNDLE to a trained bundle";
    }
    const drgan_test::GeneratedFaces faces;
    const TempDir dir;
    const auto enrolled = [&](const std::string& name, bool turned) {
        const std::string clip = dir.path() + "/" + name + ".mp4";
        EXPECT_EQ(drgan_test::writePhoneClip(clip, faces.picture(person), turned), "");
        const std::string gallery = dir.path() + "/" + name + ".gallery";
        EXPECT_EQ(std::system((std::string(std::getenv("DRGAN_ENROLL")) + " -q --name Ada " + clip + " -o " + gallery +
                               " > " + dir.path() + "/out 2>&1")
                                  .c_str()),
                  0)
            << read(dir.path() + "/out");
        cv::Mat embedding;
        double total = 0;
        int images = 0;
        cv::drgan::Gallery::load(gallery)->person("Ada", embedding, total, images);
        EXPECT_GT(images, 0);
        return embedding;
    };
    EXPECT_GT(faces.encoder()->match(enrolled("turned", true), enrolled("upright", false)), 0.95);
}

}  // namespace
