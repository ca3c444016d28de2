// SPDX-License-Identifier: Apache-2.0
#include "dr_gan/targets.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "jpeg.hpp"
#include "temporary_folder.hpp"

namespace drgan::train {
namespace {

constexpr int people = 250;  // of each yaw
constexpr int size = 4;      // of an embedding

/// One picture a person: the first half of the people at a yaw of 0, the others at 80 degrees. The teacher adds `offset`
/// to the embeddings of the latter.
void writeSet(const std::string& path, const std::vector<float>& codes, const float (&offset)[size]) {
    const std::vector<uint8_t> picture = test::jpegOf(std::vector<uint8_t>(16 * 16 * 3, 100), 16);
    std::vector<uint8_t> jpeg, split(2 * people, 0);
    std::vector<int64_t> at{0};
    std::vector<int32_t> person(2 * people), origin(2 * people, -1);
    std::iota(person.begin(), person.end(), 0);
    std::vector<float> yaw, landmarks(2 * people * 10, 8), teacher = codes;
    std::vector<std::string> names;
    for (int p = 0; p < 2 * people; ++p) {
        names.push_back("p" + std::to_string(p));
        jpeg.insert(jpeg.end(), picture.begin(), picture.end());
        at.push_back(static_cast<int64_t>(jpeg.size()));
        const bool profile = p >= people;
        yaw.push_back(profile ? (p % 2 == 0 ? 80.F : -80.F) : 0.F);
        for (int k = 0; k < size && profile; ++k) {
            teacher[p * size + k] += offset[k];
        }
    }
    constexpr int64_t n = 2 * people;
    io::writeSafetensors(path,
                         {{"jpeg", "U8", {static_cast<int64_t>(jpeg.size())}, jpeg.data(), jpeg.size()},
                          {"jpeg_offset", "I64", {n + 1}, at.data(), at.size() * sizeof(int64_t)},
                          {"person", "I32", {n}, person.data(), person.size() * sizeof(int32_t)},
                          {"split", "U8", {n}, split.data(), split.size()},
                          {"yaw", "F32", {n}, yaw.data(), yaw.size() * sizeof(float)},
                          {"origin", "I32", {n}, origin.data(), origin.size() * sizeof(int32_t)},
                          {"landmarks", "F32", {n, 5, 2}, landmarks.data(), landmarks.size() * sizeof(float)},
                          {"teacher", "F32", {n, size}, teacher.data(), teacher.size() * sizeof(float)}},
                         {{"format", io::faceSetFormat},
                          {"image_size", "16"},
                          {"align_eyes", "0.5,0.461"},
                          {"align_eye_mouth", "0.363"},
                          {"teacher", "random"},
                          {"persons", nlohmann::json(names).dump()}});
}

TEST(Targets, WhatATeacherAddsToAYawIsNotTaught) {
    const test::TemporaryFolder folder;
    const std::string path = folder.path() + "/faces.safetensors";
    std::mt19937 random(3);
    std::normal_distribution<float> value;
    std::vector<float> codes(2 * people * size);
    std::generate(codes.begin(), codes.end(), [&] { return value(random); });
    // The same people in both halves, so that their means are equal.
    std::copy(codes.begin(), codes.begin() + people * size, codes.begin() + people * size);
    writeSet(path, codes, {3, 0, -2, 1});
    std::vector<int32_t> persons(2 * people);
    std::iota(persons.begin(), persons.end(), 0);
    const Targets targets = readTargets(io::FaceSet(path), persons);
    EXPECT_TRUE(torch::allclose(targets.templates.slice(0, 0, people), targets.templates.slice(0, people), 1e-4, 1e-4));
    const torch::Tensor known =
        torch::nn::functional::normalize(torch::from_blob(codes.data(), {2 * people, size}).clone());
    EXPECT_TRUE(torch::allclose(targets.templates, known, 1e-4, 1e-4));
}

}  // namespace
}  // namespace drgan::train
