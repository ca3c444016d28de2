// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <opencv2/drgan.hpp>
#include <opencv2/drgan/model_contract.hpp>

#include "expect_error.hpp"
#include "tiny_onnx.hpp"

using cv::drgan::Bundle;
using drgan_test::expectError;
using drgan_test::TempDir;
using drgan_test::TinyOptions;
using drgan_test::writeFile;
using drgan_test::writeTinyBundle;

namespace {

std::string validManifest(const TinyOptions& options = TinyOptions()) {
    return drgan_test::tinyManifest(options, drgan_test::tinyEncoder().size(), drgan_test::tinyDecoder().size());
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

class BundleTest : public testing::Test {
protected:
    BundleTest() : folder_(writeTinyBundle(dir_.path() + "/bundle")) {}

    void expectManifestRefused(const std::string& manifest, std::vector<std::string> parts) {
        SCOPED_TRACE(manifest.substr(0, 400));
        writeFile(folder_ + "/manifest.json", manifest);
        parts.push_back(folder_ + "/manifest.json");
        expectError([&] { Bundle::load(folder_); }, parts);
    }

    TempDir dir_;
    std::string folder_;
};

/// Sets an environment variable during a test.
class Environment {
public:
    explicit Environment(const std::string& value) {
        const char* old = std::getenv("DRGAN_BUNDLE");
        had_ = old != nullptr;
        if (had_) old_ = old;
        setenv("DRGAN_BUNDLE", value.c_str(), 1);
    }
    ~Environment() { had_ ? setenv("DRGAN_BUNDLE", old_.c_str(), 1) : unsetenv("DRGAN_BUNDLE"); }

private:
    bool had_ = false;
    std::string old_;
};

}  // namespace

TEST_F(BundleTest, TellsWhatTheManifestSays) {
    TinyOptions options;
    options.bundleId = "four-two";
    options.poseYaws = {-60, 0, 60};
    options.matchThreshold = 0.25f;
    writeTinyBundle(folder_, options);
    const Bundle bundle = Bundle::load(folder_);
    EXPECT_EQ(bundle.folder, folder_);
    EXPECT_EQ(bundle.id, "four-two");
    EXPECT_EQ(bundle.encoder, folder_ + "/encoder.onnx");
    EXPECT_EQ(bundle.decoder, folder_ + "/decoder.onnx");
    EXPECT_EQ(bundle.poseYaws, (std::vector<float>{-60, 0, 60}));
    EXPECT_FLOAT_EQ(bundle.matchThreshold, 0.25f);
    EXPECT_TRUE(bundle.thresholds.empty());
    const auto encoder = cv::drgan::Encoder::create(bundle.encoder);
    EXPECT_NO_THROW(cv::drgan::Decoder::create(bundle.decoder, encoder));
}

TEST_F(BundleTest, MayHaveAnAligner) {
    EXPECT_EQ(Bundle::load(folder_).aligner, "");
    TinyOptions options;
    options.withAligner = true;
    writeTinyBundle(folder_, options);
    const Bundle bundle = Bundle::load(folder_);
    EXPECT_EQ(bundle.aligner, folder_ + "/aligner.onnx");
    EXPECT_NO_THROW(cv::drgan::Aligner::create(bundle.aligner, cv::drgan::Encoder::create(bundle.encoder)));

    writeFile(folder_ + "/aligner.onnx", std::string("short"));
    expectError([&] { Bundle::load(folder_); }, {folder_ + "/aligner.onnx", "got 5 bytes, expected"});
    std::remove((folder_ + "/aligner.onnx").c_str());
    expectError([&] { Bundle::load(folder_); }, {folder_ + "/aligner.onnx", "cannot be opened", "manifest.json"});
}

TEST_F(BundleTest, MayHaveADetector) {
    EXPECT_EQ(Bundle::load(folder_).detector, "");
    TinyOptions options;
    options.withAligner = options.withDetector = true;
    writeTinyBundle(folder_, options);
    const Bundle bundle = Bundle::load(folder_);
    EXPECT_EQ(bundle.detector, folder_ + "/detector.onnx");
    EXPECT_NO_THROW(cv::drgan::Detector::create(bundle.detector, cv::drgan::Encoder::create(bundle.encoder)));

    std::remove((folder_ + "/detector.onnx").c_str());
    expectError([&] { Bundle::load(folder_); }, {folder_ + "/detector.onnx", "cannot be opened", "manifest.json"});
}

TEST_F(BundleTest, AnAlignerThatTheManifestDoesNotListIsNotTheBundles) {
    writeFile(folder_ + "/aligner.onnx", drgan_test::tinyAligner());
    EXPECT_EQ(Bundle::load(folder_).aligner, "");
}

TEST_F(BundleTest, TheEnvironmentNamesTheDefault) {
    const Environment environment(folder_);
    EXPECT_EQ(Bundle::load().folder, folder_);
    TinyOptions other;
    other.bundleId = "explicit";
    EXPECT_EQ(Bundle::load(writeTinyBundle(dir_.path() + "/explicit", other)).id, "explicit");
}

TEST_F(BundleTest, AMissingDefaultSaysHowToNameAnother) {
    const Environment environment(dir_.path() + "/nowhere");
    expectError([] { Bundle::load(); }, {dir_.path() + "/nowhere/manifest.json", "DRGAN_BUNDLE"});
}

TEST_F(BundleTest, MissingFilesAreNamed) {
    expectError([&] { Bundle::load(dir_.path() + "/nowhere"); }, {"/nowhere/manifest.json", "cannot be opened"});
    std::remove((folder_ + "/decoder.onnx").c_str());
    expectError([&] { Bundle::load(folder_); }, {folder_ + "/decoder.onnx", "cannot be opened", "manifest.json"});
    writeFile(folder_ + "/decoder.onnx", std::string("short"));
    expectError([&] { Bundle::load(folder_); }, {folder_ + "/decoder.onnx", "got 5 bytes, expected"});
    std::remove((folder_ + "/manifest.json").c_str());
    expectError([&] { Bundle::load(folder_); }, {folder_ + "/manifest.json", "cannot be opened"});
}

TEST_F(BundleTest, EveryKeyIsChecked) {
    const struct {
        const char* from;
        const char* to;
        std::vector<std::string> parts;
    } cases[] = {
        {"\"bundle_id\"", "\"other\"", {"bundle_id", "missing"}},
        {"\"tiny\"", "\"\"", {"bundle_id", "got \"\""}},
        {"\"tiny\"", "5", {"bundle_id", "got 5"}},
        {"\"tiny\"", "[1]", {"bundle_id", "got a list"}},
        {"\"contract_version\"", "\"other\"", {"contract_version", "missing, expected 1"}},
        {"\"contract_version\": 1",
         "\"contract_version\": 2",
         {"contract_version", "got 2, expected 1", "has version 2", "reads version 1", "a newer library"}},
        {"\"contract_version\": 1", "\"contract_version\": 0", {"got 0, expected 1", "an older library"}},
        {"\"contract_version\": 1", "\"contract_version\": \"1\"", {"contract_version", "got \"1\""}},
        {"\"files\"", "\"other\"", {"files", "missing"}},
        {"\"encoder.onnx\"", "\"another.onnx\"", {"files", "encoder.onnx"}},
        {"\"decoder.onnx\"", "\"../decoder.onnx\"", {"files", "decoder.onnx"}},
        {"\"name\"", "\"nom\"", {"name", "missing"}},
        {"\"bytes\"", "\"octets\"", {"bytes", "missing"}},
        {"\"bytes\": ", "\"bytes\": -", {"bytes", "got -"}},
        {"\"pose_yaws\"", "\"poses\"", {"pose_yaws", "missing"}},
        {"[-90,", "[-90,-95,", {"pose_yaws", "ascending"}},
        {"[-90,", "[\"-90\",", {"pose_yaws", "got \"-90\""}},
        {"[-90,-45,0,45,90]", "[]", {"pose_yaws"}},
        {"\"alignment\"", "\"other\"", {"alignment", "missing"}},
        {"\"eyes\"", "\"eye\"", {"alignment.eyes", "missing"}},
        {"[0.5,0.461]", "[0.5]", {"alignment.eyes", "two numbers"}},
        {"[0.5,0.461]", "[0.5,4.61]", {"alignment.eyes", "got 4.61"}},
        {"0.363", "\"far\"", {"alignment.eye_mouth", "got \"far\""}},
        {"\"match_threshold\"", "\"threshold\"", {"match_threshold", "missing"}},
        {"\"match_threshold\": 0.4", "\"match_threshold\": 1.4", {"match_threshold", "got 1.4"}},
    };
    for (const auto& c : cases) expectManifestRefused(replaced(validManifest(), c.from, c.to), c.parts);
}

TEST_F(BundleTest, UnknownKeysAreIgnored) {
    std::string manifest = replaced(validManifest(), "\"bytes\"", "\"sha256\": \"00\", \"bytes\"");
    manifest = replaced(manifest, "\"bundle_id\"", "\"comment\": [1, {}], \"bundle_id\"");
    writeFile(folder_ + "/manifest.json", manifest);
    EXPECT_EQ(Bundle::load(folder_).id, "tiny");
}

TEST_F(BundleTest, WhatIsNoJsonIsRefused) {
    expectManifestRefused("", {});
    expectManifestRefused("this is no JSON", {});
    expectManifestRefused("[1, 2]", {});
    expectManifestRefused("{}", {});
    expectManifestRefused("5", {});
    expectManifestRefused("{\"bundle_id\": ", {"ends inside"});
    expectManifestRefused("{\"bundle_id\": \"x", {"ends inside"});
    expectManifestRefused("}{", {"was not opened"});
    expectManifestRefused(std::string("{\0}", 3), {"zero byte"});
    expectManifestRefused(std::string(100000, '['), {"nested deeper"});
    expectManifestRefused("<?xml version=\"1.0\"?><opencv_storage></opencv_storage>", {});
    expectManifestRefused("{\"a\": \"$base64$AAAA\"}", {"base64"});
    expectManifestRefused(std::string(3 << 20, ' '), {"3145728 bytes, expected at most 1048576"});
}

TEST_F(BundleTest, HasThresholdsIfTheManifestHas) {
    TinyOptions options;
    options.matchThreshold = 0.25f;
    options.thresholds = {{0.125, 0.25f}, {0.015625, 0.5f}};
    writeTinyBundle(folder_, options);
    const Bundle bundle = Bundle::load(folder_);
    EXPECT_EQ(bundle.thresholds.rates, (std::vector<double>{0.125, 0.015625}));
    EXPECT_EQ(bundle.thresholds.cosines, (std::vector<float>{0.25f, 0.5f}));

    const cv::drgan::NamingRule rule = bundle.naming();
    EXPECT_EQ(rule.strangerRate, 0.01);
    EXPECT_EQ(rule.threshold, -1);
    EXPECT_EQ(rule.thresholds.cosines, bundle.thresholds.cosines);
    EXPECT_EQ(rule.matchThreshold, 0.25f);
}

TEST_F(BundleTest, WrongThresholdsAreRefused) {
    TinyOptions options;
    options.thresholds = {{0.125, 0.25f}, {0.015625, 0.5f}};
    writeTinyBundle(folder_, options);
    const std::string manifest = validManifest(options);
    ASSERT_NO_THROW(Bundle::load(folder_));
    const struct {
        const char *from, *to;
        std::vector<std::string> parts;
    } cases[] = {
        {"\"thresholds\": [", "\"thresholds\": [], \"old\": [", {"thresholds", "a list of"}},
        {"\"thresholds\": [", "\"thresholds\": 5, \"old\": [", {"thresholds", "got 5"}},
        {"\"thresholds\": [", "\"thresholds\": [0.5,", {"thresholds", "got 0.5"}},
        {"\"false_match_rate\"", "\"rate\"", {"false_match_rate", "missing"}},
        {"\"cosine\"", "\"sine\"", {"cosine", "missing"}},
        {"0.125", "1.25", {"false_match_rate", "got 1.25"}},
        {"0.125", "1", {"thresholds", "rate 1,", "within (0, 1)"}},
        {"0.125", "0.01", {"thresholds", "rate 0.015625", "below the previous one"}},
        {"\"cosine\": 0.25", "\"cosine\": 2.5", {"cosine", "got 2.5"}},
        {"\"cosine\": 0.25", "\"cosine\": 0.5", {"thresholds", "cosine 0.5", "above the previous one"}},
    };
    for (const auto& c : cases) expectManifestRefused(replaced(manifest, c.from, c.to), c.parts);
}

TEST_F(BundleTest, TruncatedAndFlippedManifestsNeverCrash) {
    const std::string whole = validManifest();
    for (size_t length = 0; length + 2 < whole.size(); ++length) {  // the last two bytes are "}\n"
        expectManifestRefused(whole.substr(0, length), {});
    }
    int loaded = 0, refused = 0;
    for (size_t i = 0; i < whole.size(); ++i) {
        for (int bit = static_cast<int>(i % 4); bit < 8; bit += 4) {
            std::string broken = whole;
            broken[i] = static_cast<char>(broken[i] ^ (1 << bit));
            writeFile(folder_ + "/manifest.json", broken);
            try {
                Bundle::load(folder_);
                ++loaded;
            } catch (const cv::Exception& error) {
                EXPECT_FALSE(error.err.empty());
                ++refused;
            }
        }
    }
    EXPECT_GT(loaded, 0);     // for example with a changed letter of the id
    EXPECT_GT(refused, 100);  // for example with a changed bracket
}
