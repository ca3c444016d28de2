// SPDX-License-Identifier: Apache-2.0
#include "small_network/loose_faces.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "run/random.hpp"
#include "run/sampling.hpp"

namespace drgan::train {

namespace {

constexpr float yawRange = 15;            // degrees: |yaw| is drawn evenly over ranges of this size
constexpr float largestEyeMouth = 0.25F;  // of a picture's side: above it, no crop of 1.4 x 1.5 boxes fits
constexpr double leastBox = 0.15;         // of a picture's side: below it, landmarks are no face's
constexpr int tries = 30;                 // pictures to draw before the set is given up

void checkLoose(const io::FaceSet& faces) {
    if (faces.alignEyeMouth() > largestEyeMouth) {
        throw std::runtime_error(fmt::format(
            "{}: eyes and mouth are {:g} of the side apart, expected at most {:g}: its pictures show nothing around "
            "the faces to move them in. drgan-data makes a loose set with --size 128 --align-eyes 0.5,0.45 "
            "--align-eye-mouth 0.2",
            faces.path(), faces.alignEyeMouth(), largestEyeMouth));
    }
}

}  // namespace

LooseFaces::LooseFaces(const io::FaceSet& faces, bool validation, double turnedShare)
    : faces_(faces), reader_(faces), turnedShare_(turnedShare), byYaw_(6) {
    checkLoose(faces);
    for (size_t row = 0; row < faces_.size(); ++row) {
        const auto& name = faces_.persons()[faces_.person()[row]];
        if (faces_.split()[row] != 0 || isValidationPerson(name) != validation) {
            continue;
        }
        Landmarks landmarks;
        std::copy_n(faces_.landmarks().begin() + 10 * row, 10, landmarks.begin());
        if (!(boxOf(landmarks).side >= leastBox * faces_.imageSize())) {
            continue;
        }
        const auto range = static_cast<size_t>(std::abs(faces_.yaw()[row]) / yawRange);
        byYaw_[std::min(range, byYaw_.size() - 1)][faces_.origin()[row] < 0 ? 0 : 1].push_back(
            static_cast<int64_t>(row));
        ++count_;
    }
    byYaw_.erase(
        std::remove_if(byYaw_.begin(), byYaw_.end(), [](const auto& r) { return r[0].empty() && r[1].empty(); }),
        byYaw_.end());
    if (byYaw_.empty()) {
        throw std::runtime_error(faces_.path() + ": no " + (validation ? "validation" : "training") +
                                 " person in the set whose eyes and mouth are where a face's are");
    }
}

LooseFaces::Picture LooseFaces::draw(std::mt19937_64& random) const {
    for (int i = 0; i < tries; ++i) {
        const auto& range = pick(byYaw_, random);
        const bool turned = range[0].empty() || (!range[1].empty() && chance(turnedShare_, random));
        const int64_t row = pick(range[turned ? 1 : 0], random);
        const bool mirror = chance(0.5, random);
        Picture picture;
        picture.pixels = reader_.read(row);
        if (picture.pixels.empty()) {
            continue;
        }
        std::copy_n(faces_.landmarks().begin() + 10 * row, 10, picture.landmarks.begin());
        picture.yaw = faces_.yaw()[row];
        if (mirror) {
            cv::flip(picture.pixels, picture.pixels, 1);
            picture.landmarks = mirrored(picture.landmarks, faces_.imageSize());
            picture.yaw = -picture.yaw;
        }
        return picture;
    }
    throw std::runtime_error(faces_.path() + ": " + std::to_string(tries) +
                             " pictures in a row cannot be decoded: the set is damaged");
}

}  // namespace drgan::train
