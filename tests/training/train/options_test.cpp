// SPDX-License-Identifier: Apache-2.0
#include "train/options.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using namespace drgan::train;

namespace {

class OptionsOf : public testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("drgan-options-" + std::to_string(::getpid()));
        fs::create_directories(folder_);
        std::ofstream(folder_ / "faces.safetensors") << "any file";
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::string existing() const { return (folder_ / "faces.safetensors").string(); }

    Options parse(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "drgan-train");
        std::vector<char*> argv;
        for (std::string& a : arguments) {
            argv.push_back(a.data());
        }
        return parseOptions(static_cast<int>(argv.size()), argv.data(), config_);
    }

    fs::path folder_;
    std::string config_;
};

TEST_F(OptionsOf, PublishedConfigsAreUnderstood) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(DRGAN_CONFIGS)) {
        if (entry.path().extension() == ".toml") {
            files.push_back(entry.path());
        }
    }
    ASSERT_FALSE(files.empty());
    for (const fs::path& file : files) {
        const Options o = parse({"--config", file.string(), "--faces", existing(), "--start", existing(), "--decoder",
                                 "basis", "--backgrounds", folder_.string(), "--validation-backgrounds",
                                 folder_.string()});
        EXPECT_EQ(o.run, "runs/" + file.stem().string()) << file;
        EXPECT_EQ(o.batch.poseYaws.size(), 13U) << file;
        EXPECT_EQ(o.batch.poseYaws.front(), -90) << file;
        const std::string name = file.stem().string();
        const auto is = [&](const char* kind) { return name.find(kind) != std::string::npos; };
        const Stage stage = is("encoder") || is("confidence") ? Stage::Encoder
                            : is("aligner")                   ? Stage::Aligner
                            : is("detector")                  ? Stage::Detector
                                                              : Stage::Decoder;
        EXPECT_EQ(o.stage, stage) << file;
    }
}

TEST_F(OptionsOf, ResolvedConfigGivesTheSameRunAgain) {
    const Options o = parse({"joint", "--faces", existing(), "--run", "r", "--steps", "7", "--poses", "-45,0,45"});
    EXPECT_DOUBLE_EQ(o.adversarialWeight, 0.1);  // joint unless given
    std::ofstream(folder_ / "config.toml") << config_;
    const Options again = parse({"--config", (folder_ / "config.toml").string()});
    EXPECT_EQ(again.stage, Stage::Joint);
    EXPECT_EQ(again.steps, 7);
    EXPECT_EQ(again.batch.poseYaws, (std::vector<float>{-45, 0, 45}));
    EXPECT_DOUBLE_EQ(again.adversarialWeight, 0.1);
    // The command line wins.
    EXPECT_EQ(parse({"--config", (folder_ / "config.toml").string(), "--steps", "9"}).steps, 9);
}

TEST_F(OptionsOf, TheAlignerHasDefaultsOfItsOwn) {
    const Options encoder = parse({"encoder", "--faces", existing(), "--run", "r"});
    EXPECT_DOUBLE_EQ(encoder.batch.augmentation.noise, 0);
    const Options o = parse({"aligner", "--faces", existing(), "--run", "r", "--blur", "0", "--crops", "8"});
    EXPECT_EQ(o.stage, Stage::Aligner);
    EXPECT_EQ(o.crops.count, 8);
    EXPECT_DOUBLE_EQ(o.learningRate, 0.002);
    EXPECT_DOUBLE_EQ(o.batch.augmentation.noise, 0.3);
    EXPECT_DOUBLE_EQ(o.batch.augmentation.blur, 0);  // as given
    std::ofstream(folder_ / "config.toml") << config_;
    const Options again = parse({"--config", (folder_ / "config.toml").string()});
    EXPECT_EQ(again.stage, Stage::Aligner);
    EXPECT_DOUBLE_EQ(again.batch.augmentation.noise, 0.3);
    EXPECT_DOUBLE_EQ(again.batch.augmentation.blur, 0);
    EXPECT_EXIT(parse({"aligner", "--faces", existing(), "--run", "r", "--frozen-layers", "2"}),
                testing::ExitedWithCode(105), "are for stages with an encoder");
    EXPECT_EXIT(parse({"aligner", "--faces", existing(), "--run", "r", "--box-largest", "0.6"}),
                testing::ExitedWithCode(105), "is below --box-smallest");
}

TEST_F(OptionsOf, TheDetectorHasDefaultsOfItsOwnAndNeedsBackgrounds) {
    const Options o = parse({"detector", "--faces", existing(), "--run", "r", "--backgrounds", folder_.string(),
                             "--scenes", "4", "--own-share", "0.1"});
    EXPECT_EQ(o.stage, Stage::Detector);
    EXPECT_EQ(o.backgrounds, folder_.string());
    EXPECT_EQ(o.scenes.count, 4);
    EXPECT_DOUBLE_EQ(o.scenes.ownShare, 0.1);
    EXPECT_DOUBLE_EQ(o.scenes.roll, 40);
    EXPECT_DOUBLE_EQ(o.scoreWeight, 1);
    EXPECT_DOUBLE_EQ(o.batch.augmentation.noise, 0.3);
    std::ofstream(folder_ / "config.toml") << config_;
    const Options again = parse({"--config", (folder_ / "config.toml").string()});
    EXPECT_DOUBLE_EQ(again.scenes.roll, 40);
    EXPECT_DOUBLE_EQ(again.scenes.ownShare, 0.1);
    EXPECT_EXIT(parse({"detector", "--faces", existing(), "--run", "r"}), testing::ExitedWithCode(106),
                "--backgrounds .*is required");
    EXPECT_EXIT(parse({"detector", "--faces", existing(), "--run", "r", "--backgrounds", existing()}),
                testing::ExitedWithCode(105), "--backgrounds");
}

TEST_F(OptionsOf, CodesBelongToTheDecoderStage) {
    EXPECT_EQ(parse({"decoder", "--faces", existing(), "--run", "r", "--codes", "c"}).batch.codesPerPerson, 8);
    EXPECT_EQ(parse({"decoder", "--faces", existing(), "--run", "r"}).batch.codesPerPerson, 0);
    for (const char* option : {"--codes", "--target-side"}) {
        EXPECT_EXIT(parse({"joint", "--faces", existing(), "--run", "r", option, "8"}), testing::ExitedWithCode(105),
                    "are for the decoder stage")
            << option;
    }
}

}  // namespace
