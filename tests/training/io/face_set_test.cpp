// SPDX-License-Identifier: Apache-2.0

#include "io/face_set.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <thread>

#include "jpeg.hpp"
#include "temporary_folder.hpp"

namespace drgan::io {
namespace {

using drgan::test::messageOf;
using drgan::test::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;

constexpr int side = 16;

std::vector<uint8_t> flatJpeg(int width, uint8_t red, uint8_t green, uint8_t blue) {
    std::vector<uint8_t> pixels;
    for (int i = 0; i < width * width; ++i) {
        pixels.insert(pixels.end(), {red, green, blue});
    }
    return drgan::test::jpegOf(pixels, width);
}

/// Three rows: real pictures of two people and a turned view of the first. Each test damages it in one place.
struct Columns {
    std::vector<std::vector<uint8_t>> pictures = {flatJpeg(side, 200, 30, 90), flatJpeg(side, 10, 120, 240),
                                                  flatJpeg(side, 90, 90, 90)};
    std::vector<int64_t> offset;
    std::vector<int32_t> person = {0, 0, 1};
    std::vector<uint8_t> split = {0, 0, 1};
    std::vector<float> yaw = {0, 45, -10};
    std::vector<int32_t> origin = {-1, 0, -1};
    std::vector<float> landmarks = std::vector<float>(30, 8);
    std::vector<float> teacher = {1, 0, 0, 0, 0, 1};
    std::map<std::string, std::string> metadata = {{"format", faceSetFormat},    {"image_size", "16"},
                                                   {"align_eyes", "0.5,0.461"},  {"align_eye_mouth", "0.363"},
                                                   {"persons", "[\"a\",\"b\"]"}, {"teacher", "net.onnx"}};
    std::string leaveOut;

    void write(const std::string& path) {
        std::vector<uint8_t> jpeg;
        if (offset.empty()) {
            offset.push_back(0);
            for (const auto& picture : pictures) {
                offset.push_back(offset.back() + static_cast<int64_t>(picture.size()));
            }
        }
        for (const auto& picture : pictures) {
            jpeg.insert(jpeg.end(), picture.begin(), picture.end());
        }
        const auto rows = static_cast<int64_t>(person.size());
        std::vector<TensorSource> tensors = {
            {"jpeg", "U8", {static_cast<int64_t>(jpeg.size())}, jpeg.data(), jpeg.size()},
            {"jpeg_offset", "I64", {static_cast<int64_t>(offset.size())}, offset.data(), offset.size() * 8},
            {"person", "I32", {rows}, person.data(), person.size() * 4},
            {"split", "U8", {static_cast<int64_t>(split.size())}, split.data(), split.size()},
            {"yaw", "F32", {rows}, yaw.data(), yaw.size() * 4},
            {"origin", "I32", {rows}, origin.data(), origin.size() * 4},
            {"landmarks", "F32", {rows, 5, 2}, landmarks.data(), landmarks.size() * 4},
            {"teacher", "F32", {rows, 2}, teacher.data(), teacher.size() * 4}};
        std::vector<TensorSource> kept;
        for (const TensorSource& tensor : tensors) {
            if (tensor.name != leaveOut) {
                kept.push_back(tensor);
            }
        }
        writeSafetensors(path, kept, metadata);
    }
    std::string openMessage() {
        const TemporaryFolder folder;
        const std::string path = folder / "faces.safetensors";
        write(path);
        return messageOf([&] { FaceSet set(path); });
    }
};

TEST(FaceSet, GivesTheColumns) {
    const TemporaryFolder folder;
    const std::string path = folder / "faces.safetensors";
    Columns().write(path);
    const FaceSet set(path);
    EXPECT_EQ(set.size(), 3U);
    EXPECT_EQ(set.imageSize(), 16);
    EXPECT_FLOAT_EQ(set.alignEyesX(), 0.5F);
    EXPECT_FLOAT_EQ(set.alignEyesY(), 0.461F);
    EXPECT_FLOAT_EQ(set.alignEyeMouth(), 0.363F);
    EXPECT_THAT(set.persons(), testing::ElementsAre("a", "b"));
    EXPECT_THAT(std::vector<int32_t>(set.person().begin(), set.person().end()), testing::ElementsAre(0, 0, 1));
    EXPECT_THAT(std::vector<int32_t>(set.origin().begin(), set.origin().end()), testing::ElementsAre(-1, 0, -1));
    EXPECT_EQ(set.yaw()[1], 45);
    EXPECT_EQ(set.split()[2], 1);
    EXPECT_EQ(set.landmarks().size(), 30U);
    EXPECT_EQ(set.teacherSize(), 2U);
    EXPECT_EQ(set.teacherName(), "net.onnx");
}

TEST(FaceSet, DecodesToRgbFromSeveralThreads) {
    const TemporaryFolder folder;
    const std::string path = folder / "faces.safetensors";
    Columns().write(path);
    const FaceSet set(path);
    const int expected[3][3] = {{200, 30, 90}, {10, 120, 240}, {90, 90, 90}};
    std::vector<std::thread> threads;
    std::vector<int> worst(4, 0);
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            std::vector<uint8_t> rgb(side * side * 3);
            for (size_t i = 0; i < 60; ++i) {
                set.decode(i % 3, rgb.data());
                for (size_t k = 0; k < rgb.size(); ++k) {
                    worst[t] = std::max(worst[t], std::abs(rgb[k] - expected[i % 3][k % 3]));
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_THAT(worst, testing::Each(testing::Le(4)));  // JPEG at quality 95 on uniform colours
}

TEST(FaceSet, TakesNoPictureThatEndsTooEarly) {
    const TemporaryFolder folder;
    const std::string path = folder / "faces.safetensors";
    Columns columns;
    columns.pictures[1].resize(columns.pictures[1].size() - 8);
    columns.write(path);
    const FaceSet set(path);
    std::vector<uint8_t> rgb(side * side * 3);
    EXPECT_THAT(messageOf([&] { set.decode(1, rgb.data()); }), AllOf(HasSubstr("row 1"), HasSubstr("corrupt JPEG")));
}

TEST(FaceSet, NamesTheRowOfACorruptPicture) {
    const TemporaryFolder folder;
    const std::string path = folder / "faces.safetensors";
    Columns columns;
    columns.pictures[1].assign(40, 'x');
    columns.pictures[2] = flatJpeg(8, 1, 2, 3);
    columns.write(path);
    const FaceSet set(path);
    std::vector<uint8_t> rgb(side * side * 3);
    set.decode(0, rgb.data());
    EXPECT_THAT(messageOf([&] { set.decode(1, rgb.data()); }),
                AllOf(HasSubstr(path), HasSubstr("row 1"), HasSubstr("corrupt JPEG")));
    EXPECT_THAT(messageOf([&] { set.decode(2, rgb.data()); }), AllOf(HasSubstr("row 2"), HasSubstr("8x8")));
    EXPECT_THAT(messageOf([&] { set.decode(3, rgb.data()); }), HasSubstr("row 3 of 3"));
}

TEST(FaceSet, SaysWhatIsWrong) {
    const auto message = [](auto damage) {
        Columns columns;
        damage(columns);
        return columns.openMessage();
    };
    EXPECT_EQ(message([](Columns&) {}), "");
    EXPECT_THAT(message([](Columns& c) { c.metadata.erase("format"); }), HasSubstr("not a face set"));
    EXPECT_THAT(message([](Columns& c) { c.metadata["format"] = "drgan-faces-9"; }), HasSubstr("drgan-faces-9"));
    EXPECT_THAT(message([](Columns& c) { c.metadata["image_size"] = "1e9"; }), HasSubstr("image_size"));
    EXPECT_THAT(message([](Columns& c) { c.metadata["align_eyes"] = "0.5"; }), HasSubstr("align_eyes"));
    EXPECT_THAT(message([](Columns& c) { c.metadata["align_eyes"] = "0.5,0.4,1"; }), HasSubstr("align_eyes"));
    EXPECT_THAT(message([](Columns& c) { c.metadata["persons"] = "[1,2]"; }), HasSubstr("persons"));
    EXPECT_THAT(message([](Columns& c) { c.leaveOut = "yaw"; }), HasSubstr("'yaw'"));
    EXPECT_THAT(message([](Columns& c) { c.split.pop_back(); }), HasSubstr("'split'"));
    EXPECT_THAT(message([](Columns& c) { c.person[1] = 2; }), AllOf(HasSubstr("row 1"), HasSubstr("person is 2")));
    EXPECT_THAT(message([](Columns& c) { c.person[1] = -1; }), HasSubstr("person is -1"));
    EXPECT_THAT(message([](Columns& c) { c.split[0] = 2; }), HasSubstr("split is 2"));
    EXPECT_THAT(message([](Columns& c) { c.yaw[2] = NAN; }), AllOf(HasSubstr("row 2"), HasSubstr("yaw")));
    EXPECT_THAT(message([](Columns& c) { c.origin[0] = 1; }), HasSubstr("origin is 1"));
    EXPECT_THAT(message([](Columns& c) { c.origin[1] = 3; }), HasSubstr("origin is 3"));
    EXPECT_THAT(message([](Columns& c) { c.offset = {0, 10, 5, 20}; }), HasSubstr("jpeg_offset is 10..5"));
    EXPECT_THAT(message([](Columns& c) { c.offset = {0, 10, 20, 1 << 30}; }), HasSubstr("jpeg_offset"));
    EXPECT_THAT(message([](Columns& c) { c.offset = {-1, 10, 20, 30}; }), HasSubstr("jpeg_offset is -1"));
}

TEST(FaceSet, TakesASetWithoutTeacher) {
    const TemporaryFolder folder;
    const std::string path = folder / "faces.safetensors";
    Columns columns;
    columns.leaveOut = "teacher";
    columns.metadata.erase("teacher");
    columns.write(path);
    const FaceSet set(path);
    EXPECT_EQ(set.teacherSize(), 0U);
    EXPECT_TRUE(set.teacher().empty());
}

}  // namespace
}  // namespace drgan::io
