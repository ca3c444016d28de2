// SPDX-License-Identifier: Apache-2.0

#include "io/safetensors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <random>

#include "temporary_folder.hpp"

namespace drgan::io {
namespace {

using drgan::test::messageOf;
using drgan::test::readText;
using drgan::test::TemporaryFolder;
using drgan::test::writeText;
using testing::AllOf;
using testing::HasSubstr;

std::string withHeader(const std::string& header, const std::string& data = "") {
    std::string file(8, '\0');
    const uint64_t length = header.size();
    std::memcpy(file.data(), &length, 8);  // the tests run on little-endian machines
    return file + header + data;
}

std::string openMessage(const TemporaryFolder& folder, const std::string& bytes) {
    const std::string path = folder / "hostile.safetensors";
    writeText(path, bytes);
    return messageOf([&] { SafetensorsFile file(path); });
}

TEST(Safetensors, GivesBackWhatWasWritten) {
    const TemporaryFolder folder;
    const std::string path = folder / "set.safetensors";
    const std::vector<uint8_t> bytes = {1, 2, 3};  // an odd number of bytes, so that the next tensor would be unaligned
    const std::vector<float> weights = {0.5F, -2, 3, 4, 5, 6};
    const std::vector<int64_t> steps = {-7};
    writeSafetensors(path,
                     {{"bytes", "U8", {3}, bytes.data(), 3},
                      {"weights", "F32", {2, 3}, weights.data(), 24},
                      {"none", "F32", {0, 4}, nullptr, 0},
                      {"step", "I64", {}, steps.data(), 8}},
                     {{"format", "a \"quoted\" text, \xC3\xA4"}});
    const SafetensorsFile file(path);
    EXPECT_THAT(file.names(), testing::ElementsAre("bytes", "none", "step", "weights"));
    EXPECT_EQ(file.metadata().at("format"), "a \"quoted\" text, \xC3\xA4");
    EXPECT_EQ(file.at("weights").dtype, "F32");
    EXPECT_THAT(file.at("weights").shape, testing::ElementsAre(2, 3));
    EXPECT_EQ(std::memcmp(file.at("weights").data, weights.data(), 24), 0);
    EXPECT_EQ(std::memcmp(file.at("bytes").data, bytes.data(), 3), 0);
    EXPECT_TRUE(file.at("step").shape.empty());
    EXPECT_EQ(std::memcmp(file.at("step").data, steps.data(), 8), 0);
    EXPECT_EQ(file.at("none").bytes, 0U);
    for (const char* name : {"weights", "step"}) {
        EXPECT_EQ(reinterpret_cast<uintptr_t>(file.at(name).data) % dtypeSize(file.at(name).dtype), 0U) << name;
    }
    EXPECT_TRUE(file.contains("step"));
    EXPECT_FALSE(file.contains("stop"));
    EXPECT_THAT(messageOf([&] { file.at("stop"); }), AllOf(HasSubstr(path), HasSubstr("'stop'")));
}

TEST(Safetensors, MovesWithItsData) {
    const TemporaryFolder folder;
    const std::string path = folder / "set.safetensors";
    const float value = 42;
    writeSafetensors(path, {{"v", "F32", {1}, &value, 4}}, {});
    SafetensorsFile first(path);
    const SafetensorsFile second(std::move(first));
    EXPECT_EQ(std::memcmp(second.at("v").data, &value, 4), 0);
}

TEST(Safetensors, RefusesTruncatedFilesAtEveryLength) {
    const TemporaryFolder folder;
    const std::string path = folder / "set.safetensors";
    const std::vector<float> values = {1, 2, 3};
    writeSafetensors(path, {{"v", "F32", {3}, values.data(), 12}}, {{"k", "v"}});
    const std::string whole = readText(path);
    for (size_t length = 0; length < whole.size(); ++length) {
        EXPECT_THAT(openMessage(folder, whole.substr(0, length)), HasSubstr("hostile.safetensors")) << length;
    }
}

TEST(Safetensors, RefusesHostileHeaders) {
    const TemporaryFolder folder;
    const auto message = [&](const std::string& header, const std::string& data = "") {
        return openMessage(folder, withHeader(header, data));
    };
    EXPECT_EQ(message(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", "xy"), "");
    EXPECT_THAT(openMessage(folder, std::string(8, '\xFF') + "{}"), HasSubstr("18446744073709551615 bytes"));
    EXPECT_THAT(message("{"), HasSubstr("not JSON"));
    EXPECT_THAT(message("[]"), HasSubstr("not a JSON object"));
    EXPECT_THAT(message(std::string(200000, '[')), HasSubstr("not JSON"));
    EXPECT_THAT(message(R"({"__metadata__":{"a":1}})"), HasSubstr("__metadata__"));
    EXPECT_THAT(message(R"({"a":7})"), HasSubstr("'a'"));
    EXPECT_THAT(message(R"({"a":{"dtype":"U9","shape":[2],"data_offsets":[0,2]}})", "xy"), HasSubstr("'U9'"));
    EXPECT_THAT(message(R"({"a":{"dtype":"U8","shape":[-2],"data_offsets":[0,2]}})", "xy"), HasSubstr("-2"));
    EXPECT_THAT(message(R"({"a":{"dtype":"U8","shape":[2.5],"data_offsets":[0,2]}})", "xy"), HasSubstr("2.5"));
    EXPECT_THAT(message(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0]}})", "xy"), HasSubstr("two numbers"));
    EXPECT_THAT(message(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,3]}})", "xy"), HasSubstr("0..3"));
    EXPECT_THAT(message(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[2,0]}})", "xy"), HasSubstr("2..0"));
    EXPECT_THAT(message(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,2]}})", "xy"), HasSubstr("needs 8"));
    EXPECT_THAT(message(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", "xyz"),
                HasSubstr("after the last"));
    // 2^33 * 2^33 * 4 wraps to 0 in 64 bits.
    EXPECT_THAT(message(R"({"a":{"dtype":"F32","shape":[8589934592,8589934592],"data_offsets":[0,0]}})"),
                HasSubstr("absurdly large"));
    EXPECT_THAT(message(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                        R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                        "xyz"),
                HasSubstr("overlap"));
    EXPECT_THAT(message(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                        R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                        "x"),
                HasSubstr("twice"));
}

TEST(Safetensors, SurvivesRandomDamage) {
    const TemporaryFolder folder;
    const std::string path = folder / "set.safetensors";
    const std::vector<float> values = {1, 2, 3};
    writeSafetensors(path, {{"v", "F32", {3}, values.data(), 12}, {"w", "U8", {2}, values.data(), 2}}, {{"k", "v"}});
    const std::string whole = readText(path);
    std::mt19937 random(1);
    for (int round = 0; round < 2000; ++round) {
        std::string damaged = whole;
        for (int i = 0; i < 3; ++i) {
            damaged[random() % damaged.size()] = static_cast<char>(random());
        }
        writeText(path, damaged);
        try {
            const SafetensorsFile file(path);
            unsigned sum = 0;
            for (const std::string& name : file.names()) {  // every byte of its tensors must be readable
                for (size_t i = 0; i < file.at(name).bytes; ++i) {
                    sum += file.at(name).data[i];
                }
            }
            (void)sum;
        } catch (const std::runtime_error& error) {
            EXPECT_THAT(error.what(), HasSubstr(path));
        }
    }
}

TEST(Safetensors, RefusesWhatIsNoFile) {
    const TemporaryFolder folder;
    EXPECT_THAT(messageOf([&] { SafetensorsFile file(folder / "absent"); }), HasSubstr("No such file"));
    EXPECT_THAT(messageOf([&] { SafetensorsFile file(folder.path()); }), HasSubstr("not a regular file"));
    EXPECT_THAT(messageOf([&] { writeSafetensors("/dev/null", {}, {}); }), HasSubstr("is a device"));
    EXPECT_THAT(messageOf([&] { writeSafetensors(folder.path() + "/no/such/folder", {}, {}); }),
                HasSubstr("No such file"));
}

TEST(Safetensors, RefusesToWriteWhatDoesNotFit) {
    const TemporaryFolder folder;
    const std::string path = folder / "set.safetensors";
    const float value = 1;
    EXPECT_THAT(messageOf([&] {
                    writeSafetensors(path, {{"v", "F32", {2}, &value, 4}}, {});
                }),
                AllOf(HasSubstr("'v'"), HasSubstr("needs 8")));
    EXPECT_THAT(messageOf([&] {
                    writeSafetensors(path, {{"v", "F32", {1}, &value, 4}, {"v", "F32", {1}, &value, 4}}, {});
                }),
                HasSubstr("twice"));
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Safetensors, KeepsTheOldFileWhenTheDiskIsFull) {
    const TemporaryFolder folder;
    const std::string path = folder / "set.safetensors";
    const float value = 1;
    writeSafetensors(path, {{"v", "F32", {1}, &value, 4}}, {});
    const std::string before = readText(path);

    // A limit on file sizes simulates a full disk: in both, write() fails halfway.
    const auto oldHandler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit old{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
    rlimit small = old;
    small.rlim_cur = 64 << 10;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    const std::vector<uint8_t> large(1 << 20);
    const std::string message = messageOf([&] {
        writeSafetensors(path, {{"v", "U8", {1 << 20}, large.data(), large.size()}}, {});
    });
    setrlimit(RLIMIT_FSIZE, &old);
    std::signal(SIGXFSZ, oldHandler);

    EXPECT_THAT(message, AllOf(HasSubstr(path), HasSubstr("cannot be written"), HasSubstr("File too large")));
    EXPECT_EQ(readText(path), before);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1) << "a temporary file is left";
}

TEST(Safetensors, ReplacesTheFileBehindALink) {
    const TemporaryFolder folder;
    const std::string target = folder / "elsewhere/set.safetensors";
    writeText(target, "old");
    const std::string link = folder / "link.safetensors";
    std::filesystem::create_symlink(target, link);
    const float value = 3;
    writeSafetensors(link, {{"v", "F32", {1}, &value, 4}}, {});
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    EXPECT_TRUE(SafetensorsFile(target).contains("v"));
}

}  // namespace
}  // namespace drgan::io
