// SPDX-License-Identifier: Apache-2.0
#include "train/command_line.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <variant>
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

    CommandLine line(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "drgan-train");
        std::vector<char*> argv;
        for (std::string& a : arguments) {
            argv.push_back(a.data());
        }
        return parseCommandLine(static_cast<int>(argv.size()), argv.data());
    }
    template <typename Options = DrGanOptions>
    Options parse(const std::vector<std::string>& arguments) {
        const CommandLine read = line(arguments);
        std::ofstream(config()) << read.config;
        return std::get<Options>(read.options);
    }

    /// The error that a run with these arguments gives.
    void refuse(std::vector<std::string> arguments, int exitCode, const std::string& message) {
        arguments.insert(arguments.end(), {"--faces", existing(), "--run", "r"});
        EXPECT_EXIT(line(arguments), testing::ExitedWithCode(exitCode), message) << arguments[1];
    }

    std::string config() const { return (folder_ / "config.toml").string(); }

    fs::path folder_;
};

TEST_F(OptionsOf, AnAppearanceIsThatOfOnePicture) {
    const auto o = parse({"decoder", "--faces", existing(), "--run", "r", "--appearance", "--pictures", "1"});
    EXPECT_TRUE(o.appearance);
    EXPECT_TRUE(o.batch.targetsOfInput);
    refuse({"decoder", "--appearance"}, 105, "--appearance: needs --pictures 1");
    EXPECT_FALSE(parse({"decoder", "--faces", existing(), "--run", "r"}).batch.targetsOfInput);
}

TEST_F(OptionsOf, ResolvedConfigGivesTheSameRunAgain) {
    const auto o = parse({"joint", "--faces", existing(), "--run", "r", "--steps", "7", "--poses", "-45,0,45"});
    EXPECT_EQ(o.stage, Stage::Joint);
    EXPECT_DOUBLE_EQ(o.adversarialWeight, 0.1);  // the joint stage's default
    const auto again = std::get<DrGanOptions>(line({"joint", "--config", config()}).options);
    EXPECT_EQ(again.steps, 7);
    EXPECT_EQ(again.batch.poseYaws, (std::vector<float>{-45, 0, 45}));
    EXPECT_DOUBLE_EQ(again.adversarialWeight, 0.1);
    // The command line takes precedence.
    EXPECT_EQ(parse({"joint", "--config", config(), "--steps", "9"}).steps, 9);
    EXPECT_EXIT(line({"encoder", "--config", config()}), testing::ExitedWithCode(110),
                "config.toml: --[a-z-]+ is an option of .*joint, not of encoder");
}

TEST_F(OptionsOf, DefaultsAreTheStagesOwn) {
    const auto encoder = parse({"encoder", "--faces", existing(), "--run", "r"});
    EXPECT_DOUBLE_EQ(encoder.batch.augmentation.noise, 0);
    EXPECT_EQ(encoder.batch.targets, 0);
    const auto decoder = parse({"decoder", "--faces", existing(), "--run", "r"});
    EXPECT_EQ(decoder.batch.targets, 1);
    EXPECT_EQ(decoder.batch.poseYaws.size(), 13U);
    EXPECT_DOUBLE_EQ(decoder.adversarialWeight, 0);
}

TEST_F(OptionsOf, TheAlignerHasDefaultsOfItsOwn) {
    const auto o =
        parse<AlignerOptions>({"aligner", "--faces", existing(), "--run", "r", "--blur", "0", "--crops", "8"});
    EXPECT_EQ(o.crops.count, 8);
    EXPECT_DOUBLE_EQ(o.crops.roll, 30);
    EXPECT_DOUBLE_EQ(o.learningRate, 0.002);
    EXPECT_DOUBLE_EQ(o.scoreWeight, 0.5);
    EXPECT_DOUBLE_EQ(o.batch.augmentation.light, 0.4);
    EXPECT_DOUBLE_EQ(o.batch.augmentation.occlusion, 0.2);
    EXPECT_DOUBLE_EQ(o.batch.augmentation.lowResolution, 0.3);
    EXPECT_DOUBLE_EQ(o.batch.augmentation.noise, 0.3);
    EXPECT_DOUBLE_EQ(o.batch.augmentation.blur, 0);  // as given
    const auto again = parse<AlignerOptions>({"aligner", "--config", config()});
    EXPECT_DOUBLE_EQ(again.batch.augmentation.noise, 0.3);
    EXPECT_DOUBLE_EQ(again.batch.augmentation.blur, 0);
    refuse({"aligner", "--box-largest", "0.6"}, 105, "is below --box-smallest");
    refuse({"aligner", "--hard-negatives", existing()}, 105, "needs --backgrounds");
}

TEST_F(OptionsOf, TheDetectorHasDefaultsOfItsOwnAndNeedsBackgrounds) {
    const auto o = parse<DetectorOptions>({"detector", "--faces", existing(), "--run", "r", "--backgrounds",
                                           folder_.string(), "--scenes", "4", "--own-share", "0.1"});
    EXPECT_EQ(o.backgrounds, folder_.string());
    EXPECT_EQ(o.scenes.count, 4);
    EXPECT_DOUBLE_EQ(o.scenes.ownShare, 0.1);
    EXPECT_DOUBLE_EQ(o.scenes.roll, 40);
    EXPECT_DOUBLE_EQ(o.scoreWeight, 1);
    EXPECT_DOUBLE_EQ(o.landmarkWeight, 2);
    EXPECT_DOUBLE_EQ(o.batch.augmentation.noise, 0.3);
    const auto again = parse<DetectorOptions>({"detector", "--config", config(), "--roll", "20"});
    EXPECT_DOUBLE_EQ(again.scenes.roll, 20);
    EXPECT_DOUBLE_EQ(again.scenes.ownShare, 0.1);
    refuse({"detector"}, 106, "--backgrounds is required");
    refuse({"detector", "--backgrounds", existing()}, 105, "--backgrounds");
}

TEST_F(OptionsOf, AnOptionOfAnotherStageIsRefused) {
    refuse({"decoder", "--most-faces", "3"}, 109, "--most-faces is an option of detector, not of decoder");
    refuse({"joint", "--stored-embeddings", "c"}, 109, "--stored-embeddings is an option of decoder, not of joint");
    refuse({"encoder", "--target-side=56"}, 109, "--target-side is an option of decoder, not of encoder");
    refuse({"joint", "--confidence-only"}, 109, "--confidence-only is an option of encoder, not of joint");
    refuse({"aligner", "--frozen-layers", "2"}, 109, "--frozen-layers is an option of encoder, joint, not of aligner");
    refuse({"detector", "--crops", "2"}, 109, "--crops is an option of aligner, not of detector");
    refuse({"encoder", "--no-such", "2"}, 109, "--no-such is not an option of drgan-train encoder");
    std::ofstream(config()) << "most-faces=3\n";
    refuse({"decoder", "--config", config()}, 110,
           "config.toml: --most-faces is an option of detector, not of decoder");
    EXPECT_EXIT(line({"nothing"}), testing::ExitedWithCode(106), "subcommand is required");
    EXPECT_EXIT(line({}), testing::ExitedWithCode(106), "subcommand is required");
}

TEST_F(OptionsOf, StoredCodesGoWithTheirFile) {
    EXPECT_EQ(parse({"decoder", "--faces", existing(), "--run", "r", "--stored-embeddings", "c"}).batch.storedPerPerson,
              8);
    EXPECT_EQ(parse({"decoder", "--faces", existing(), "--run", "r"}).batch.storedPerPerson, 0);
}

}  // namespace
