// SPDX-License-Identifier: Apache-2.0
//
// scripts/recipe: the published recipes are valid, and a tiny one runs to the end, resumes and runs again.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <regex>
#include <string>

#include "io/safetensors.hpp"
#include "small_face_set.hpp"
#include "temporary_folder.hpp"

namespace fs = std::filesystem;
using drgan::test::readText;
using drgan::test::writeText;
using testing::HasSubstr;
using testing::Not;

namespace {

class Recipe : public testing::Test {
protected:
    struct Result {
        int status = 0;
        std::string said;
    };

    Result run(const std::string& recipe, const std::string& more = "") const {
        const std::string log = folder_ / "log";
        const int status = std::system((std::string(DRGAN_SOURCE) + "/scripts/recipe '" + recipe + "' --data '" +
                                        (folder_ / "data") + "' --output '" + (folder_ / "output") + "' --programs '" +
                                        DRGAN_PROGRAMS + "' " + more + " > '" + log + "' 2>&1")
                                           .c_str());
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, readText(log)};
    }

    /// A copy of the tiny recipe and its configs that a test may change.
    std::string tiny() const {
        fs::create_directories(folder_ / "data/photos");
        SmallFaceSet faces, loose;
        loose.side = 64;
        loose.drawn = true;
        writeSmallFaceSet(folder_ / "data/faces.safetensors", faces);
        writeSmallFaceSet(folder_ / "data/loose.safetensors", loose);
        std::string picture = "P6 80 80 255\n";
        for (int i = 0; i < 80 * 80 * 3; ++i) {
            picture += static_cast<char>(i * 7 % 251);
        }
        writeText(folder_ / "data/photos/one.ppm", picture);
        for (const auto& file : fs::directory_iterator(std::string(DRGAN_SOURCE) + "/tests/training/recipes")) {
            fs::copy_file(file.path(), folder_ / file.path().filename().string());
        }
        return folder_ / "tiny.toml";
    }

    void replace(const std::string& file, const std::string& from, const std::string& to) const {
        std::string text = readText(folder_ / file);
        ASSERT_NE(text.find(from), std::string::npos) << file;
        text.replace(text.find(from), from.size(), to);
        writeText(folder_ / file, text);
    }

    drgan::test::TemporaryFolder folder_;
};

TEST_F(Recipe, PublishedOnesHaveTheirInputsAndTheRightOptions) {
    int count = 0;
    for (const auto& entry : fs::directory_iterator(std::string(DRGAN_SOURCE) + "/training/recipes")) {
        if (entry.path().extension() != ".toml") {
            continue;
        }
        ++count;
        const std::string text = readText(entry.path().string());
        const std::regex input(R"(\{data\}/([^"]+)\")");
        for (std::sregex_iterator it(text.begin(), text.end(), input), end; it != end; ++it) {
            const fs::path path = folder_ / ("data/" + (*it)[1].str());
            fs::create_directories(path.has_extension() ? path.parent_path() : path);
            if (path.has_extension()) {
                writeText(path.string(), "any file");
            }
        }
        const Result done = run(entry.path().string(), "--dry-run");
        EXPECT_EQ(done.status, 0) << entry.path() << '\n' << done.said;
    }
    EXPECT_GE(count, 2);
}

TEST_F(Recipe, RunsToTheEndAndSkipsWhatIsFinished) {
    const std::string recipe = tiny();
    const Result first = run(recipe);
    ASSERT_EQ(first.status, 0) << first.said;
    EXPECT_THAT(first.said, HasSubstr("[1/6] encoder: "));
    EXPECT_THAT(first.said, HasSubstr("left for this and the rest"));
    for (const char* file : {"encoder.onnx", "decoder.onnx", "detector.onnx", "aligner.onnx", "manifest.json"}) {
        EXPECT_TRUE(fs::exists(folder_ / ("output/bundle/bundle/" + std::string(file)))) << file;
    }
    EXPECT_THAT(readText(folder_ / "output/evaluation/results.json"), HasSubstr("eer"));
    const Result again = run(recipe);
    EXPECT_EQ(again.status, 0);
    EXPECT_THAT(again.said, HasSubstr("[6/6] evaluation: finished already"));
    EXPECT_THAT(again.said, Not(HasSubstr("drgan-train")));

    // Only a changed stage and those that start from it run again; earlier results are kept.
    replace("tiny-decoder.toml", "steps = 3", "steps = 2");
    const Result changed = run(recipe);
    ASSERT_EQ(changed.status, 0) << changed.said;
    for (const char* kept : {"encoder", "detector", "aligner"}) {
        EXPECT_THAT(changed.said, HasSubstr(std::string(kept) + ": finished already"));
    }
    for (const char* made : {"decoder", "bundle", "evaluation"}) {
        EXPECT_THAT(changed.said, HasSubstr(std::string(made) + ": done in"));
        EXPECT_TRUE(fs::exists(folder_ / ("output/" + std::string(made) + ".old-1"))) << made;
    }
}

TEST_F(Recipe, GoesOnAfterAKill) {
    const std::string recipe = tiny();
    replace("tiny-encoder.toml", "steps = 4", "steps = 400");
    // Only the script is killed; its program must end with it. The first checkpoint is the sign: numbered ones go again
    // as newer ones come, and on a fast machine between two looks.
    const std::string command = std::string(DRGAN_SOURCE) + "/scripts/recipe '" + recipe + "' --data '" +
                                (folder_ / "data") + "' --output '" + (folder_ / "output") + "' --programs '" +
                                DRGAN_PROGRAMS + "' > /dev/null 2>&1 & script=$!; for i in $(seq 600); do [ -e '" +
                                (folder_ / "output/encoder/last.safetensors") +
                                "' ] && break; sleep 0.05; done; kill -KILL $script; sleep 2";
    ASSERT_EQ(std::system(command.c_str()), 0);
    const std::string last = folder_ / "output/encoder/last.safetensors";
    ASSERT_TRUE(fs::exists(last));
    const auto step = drgan::io::SafetensorsFile(last).metadata().at("step");
    EXPECT_NE(step, "400");
    const Result done = run(recipe);
    ASSERT_EQ(done.status, 0) << done.said;
    EXPECT_THAT(done.said, HasSubstr("going on after step"));
    EXPECT_EQ(drgan::io::SafetensorsFile(last).metadata().at("step"), "400");
}

TEST_F(Recipe, SaysWhatCannotBeRun) {
    const std::string recipe = tiny();
    replace("tiny.toml", "{encoder}/last", "{encoder}/step-000002");
    replace("tiny.toml", "{detector}/last", "{aligner}/last");
    replace("tiny.toml", "match-threshold", "no-such-option");
    replace("tiny-encoder.toml", "persons", "most-faces");
    fs::remove(folder_ / "data/loose.safetensors");
    const Result done = run(recipe);
    EXPECT_EQ(done.status, 1);
    EXPECT_THAT(done.said, HasSubstr("decoder: --start: encoder does not make 'step-000002.safetensors'"));
    EXPECT_THAT(done.said, HasSubstr("aligner: --hard-negatives: 'aligner' is no earlier stage"));
    EXPECT_THAT(done.said, HasSubstr("bundle: drgan-export has no option --no-such-option"));
    EXPECT_THAT(done.said, HasSubstr("--most-faces is an option of detector, not of encoder"));
    EXPECT_THAT(done.said, HasSubstr("loose.safetensors does not exist"));
    EXPECT_FALSE(fs::exists(folder_ / "output"));
}

}  // namespace
