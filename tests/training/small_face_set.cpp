// SPDX-License-Identifier: Apache-2.0
#include "small_face_set.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>
#include <vector>

#include "io/face_set.hpp"
#include "jpeg.hpp"

namespace {

struct Drawing {
    std::vector<uint8_t> rgb;
    float landmarks[10];
};

/// An oval with two eyes, a nose and a mouth, which a yaw moves sideways and closer together.
Drawing drawFace(int side, float degrees, const float* colour) {
    const float s = std::sin(degrees * 3.14159F / 180), c = std::cos(degrees * 3.14159F / 180);
    Drawing face{{},
                 {0.5F - 0.08F * c, 0.45F, 0.5F + 0.08F * c, 0.45F, 0.5F + 0.09F * s, 0.55F, 0.5F - 0.05F * c, 0.65F,
                  0.5F + 0.05F * c, 0.65F}};
    for (float& value : face.landmarks) {
        value *= static_cast<float>(side);
    }
    auto near = [&](int x, int y, int which, float reach) {
        return std::hypot(static_cast<float>(x) - face.landmarks[2 * which],
                          static_cast<float>(y) - face.landmarks[2 * which + 1]) < reach * static_cast<float>(side);
    };
    for (int i = 0; i < side * side; ++i) {
        const int x = i % side, y = i / side;
        const float dx = (static_cast<float>(x) / static_cast<float>(side) - 0.5F) / 0.18F;
        const float dy = (static_cast<float>(y) / static_cast<float>(side) - 0.53F) / 0.25F;
        for (int k = 0; k < 3; ++k) {
            float value = 60 + 40 * colour[k];
            value = dx * dx + dy * dy < 1 ? 190 + 20 * colour[k] : value;
            value = near(x, y, 0, 0.03F) || near(x, y, 1, 0.03F) ? 20 : value;
            value = near(x, y, 2, 0.035F) ? (k == 2 ? 220.F : 60.F) : value;
            value = near(x, y, 3, 0.025F) || near(x, y, 4, 0.025F) ? (k == 0 ? 200.F : 30.F) : value;
            face.rgb.push_back(static_cast<uint8_t>(value));
        }
    }
    return face;
}

}  // namespace

void writeSmallFaceSet(const std::string& path, const SmallFaceSet& how) {
    std::mt19937 random(11);
    std::uniform_real_distribution<float> value(-1, 1);
    constexpr float yaws[] = {0, 25, -50, 80};
    std::vector<std::string> names;
    std::vector<uint8_t> jpeg, split;
    std::vector<int64_t> offset{0};
    std::vector<int32_t> person, origin;
    std::vector<float> yaw, landmarks, teacher;
    for (int p = 0; p < how.people; ++p) {
        names.push_back("person" + std::to_string(p));
        float colour[3], code[64];
        std::generate(std::begin(colour), std::end(colour), [&] { return value(random); });
        double length = 0;
        for (int i = 0; i < how.teacherSize; ++i) {
            code[i] = value(random);
            length += static_cast<double>(code[i]) * code[i];
        }
        // Each real picture is followed by a turned view of it.
        for (int k = 0; k < 2 * how.pictures; ++k) {
            const bool turned = k % 2 == 1;
            const float degrees = turned ? -yaws[(k / 2) % 4] + 30 : yaws[(k / 2) % 4];
            Drawing picture;
            std::fill_n(picture.landmarks, 10, static_cast<float>(how.side) / 2);
            std::vector<uint8_t>& rgb = picture.rgb;
            for (int i = 0; i < how.side * how.side; ++i) {
                const float wave = std::sin(static_cast<float>(i % how.side) * 0.5F + degrees * 0.02F);
                for (float c : colour) {
                    rgb.push_back(static_cast<uint8_t>(127.5F + 80 * c + 40 * wave));
                }
            }
            if (how.drawn) {
                picture = drawFace(how.side, degrees, colour);
            }
            const std::vector<uint8_t> encoded = drgan::test::jpegOf(rgb, how.side);
            jpeg.insert(jpeg.end(), encoded.begin(), encoded.end());
            offset.push_back(static_cast<int64_t>(jpeg.size()));
            origin.push_back(turned ? static_cast<int32_t>(person.size()) - 1 : -1);
            person.push_back(p);
            split.push_back(p >= how.people - how.devPeople ? 1 : 0);
            yaw.push_back(degrees);
            landmarks.insert(landmarks.end(), picture.landmarks, picture.landmarks + 10);
            for (int i = 0; i < how.teacherSize; ++i) {
                teacher.push_back(turned ? 0 : code[i] / static_cast<float>(std::sqrt(length)));
            }
        }
    }
    const auto n = static_cast<int64_t>(person.size());
    std::vector<drgan::io::TensorSource> columns{
        {"jpeg", "U8", {static_cast<int64_t>(jpeg.size())}, jpeg.data(), jpeg.size()},
        {"jpeg_offset", "I64", {n + 1}, offset.data(), offset.size() * sizeof(int64_t)},
        {"person", "I32", {n}, person.data(), person.size() * sizeof(int32_t)},
        {"split", "U8", {n}, split.data(), split.size()},
        {"yaw", "F32", {n}, yaw.data(), yaw.size() * sizeof(float)},
        {"origin", "I32", {n}, origin.data(), origin.size() * sizeof(int32_t)},
        {"landmarks", "F32", {n, 5, 2}, landmarks.data(), landmarks.size() * sizeof(float)}};
    std::map<std::string, std::string> metadata{{"format", drgan::io::faceSetFormat},
                                                {"image_size", std::to_string(how.side)},
                                                {"align_eyes", how.drawn ? "0.5,0.45" : "0.5,0.461"},
                                                {"align_eye_mouth", how.drawn ? "0.2" : "0.363"},
                                                {"persons", nlohmann::json(names).dump()}};
    if (how.teacherSize > 0) {
        columns.push_back({"teacher", "F32", {n, how.teacherSize}, teacher.data(), teacher.size() * sizeof(float)});
        metadata["teacher"] = "random";
    }
    drgan::io::writeSafetensors(path, columns, metadata);
}
