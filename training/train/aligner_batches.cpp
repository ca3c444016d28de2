// SPDX-License-Identifier: Apache-2.0
#include "train/aligner_batches.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "train/draw.hpp"

namespace drgan::train {

namespace {

constexpr float yawRange = 15;            // degrees: |yaw| is drawn evenly over ranges of this size
constexpr float largestEyeMouth = 0.25F;  // of a picture's side: above it, no crop of 1.4 x 1.5 boxes fits
constexpr double leastBox = 0.15;         // of a picture's side: below it, landmarks are no face's
constexpr int tries = 30;                 // pictures to draw before the set is given up

// Crops that miss the face: by their place, by their size either way, or made up.
constexpr double asidesShare = 0.4, partsShare = 0.3, farShare = 0.15;
constexpr double leastAside = 0.6, mostAside = 1.2;  // centre to centre, in sides of the box
constexpr double leastPart = 0.15, mostPart = 0.4;   // crop / (cropFactor x box)
constexpr double leastFar = 2.5, mostFar = 4;

double logUniform(std::mt19937_64& random, double low, double high) {
    return std::exp(uniform(random, std::log(low), std::log(high)));
}

void checkLoose(const io::FaceSet& faces) {
    if (faces.alignEyeMouth() > largestEyeMouth) {
        throw std::runtime_error(fmt::format(
            "{}: eyes and mouth are {:g} of the side apart, expected at most {:g}: its pictures show nothing around "
            "the faces that crops could move over. drgan-data makes a loose set with --size 128 --align-eyes 0.5,0.45 "
            "--align-eye-mouth 0.2",
            faces.path(), faces.alignEyeMouth(), largestEyeMouth));
    }
}

}  // namespace

AlignerSampler::AlignerSampler(const io::FaceSet& faces, BatchOptions common, CropOptions crops)
    : faces_(faces), reader_(faces), common_(std::move(common)), crops_(crops), byYaw_(6) {
    checkLoose(faces);
    if (crops_.count < 1 || !(crops_.smallest > 0) || crops_.largest < crops_.smallest) {
        throw std::invalid_argument("a batch needs at least one crop, and crops a range of sizes above 0");
    }
    // The crop's affine does what these would.
    common_.augmentation.shift = 0;
    common_.augmentation.rotation = common_.augmentation.zoom = 0;
    for (size_t row = 0; row < faces_.size(); ++row) {
        const auto& name = faces_.persons()[faces_.person()[row]];
        if (faces_.split()[row] != 0 || isValidationPerson(name) != common_.validation) {
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
        throw std::runtime_error(faces_.path() + ": no " + (common_.validation ? "validation" : "training") +
                                 " person in the set whose eyes and mouth are where a face's are");
    }
}

AlignerSampler::Picture AlignerSampler::drawPicture(std::mt19937_64& random) const {
    std::vector<uint8_t> rgb;
    for (int i = 0; i < tries; ++i) {
        const auto& range = pick(byYaw_, random);
        const bool turned = range[0].empty() || (!range[1].empty() && chance(common_.turnedShare, random));
        const int64_t row = pick(range[turned ? 1 : 0], random);
        const bool mirror = chance(0.5, random);
        if (!reader_.read(row, rgb)) {
            continue;
        }
        const int side = faces_.imageSize();
        Picture picture;
        picture.planes.resize(rgb.size());
        toPlanes(rgb.data(), side, mirror, picture.planes.data());
        std::copy_n(faces_.landmarks().begin() + 10 * row, 10, picture.landmarks.begin());
        picture.yaw = faces_.yaw()[row];
        if (mirror) {
            picture.landmarks = mirrored(picture.landmarks, side);
            picture.yaw = -picture.yaw;
        }
        return picture;
    }
    throw std::runtime_error(faces_.path() + ": " + std::to_string(tries) +
                             " pictures in a row cannot be decoded: the set is damaged");
}

Square AlignerSampler::around(const Square& box, std::mt19937_64& random) const {
    Square crop = box;
    crop.x += uniform(random, -crops_.shift, crops_.shift) * box.side;
    crop.y += uniform(random, -crops_.shift, crops_.shift) * box.side;
    crop.side = box.side * cropFactor * logUniform(random, crops_.smallest, crops_.largest);
    crop.roll = uniform(random, -crops_.roll, crops_.roll);
    return crop;
}

std::vector<float> AlignerSampler::miss(std::mt19937_64& random) const {
    const double kind = uniform(random, 0, 1);
    if (kind >= asidesShare + partsShare + farShare) {
        return texture(cropSide, random);
    }
    const Picture picture = drawPicture(random);
    const Square box = boxOf(picture.landmarks);
    Square crop = around(box, random);
    if (kind < asidesShare) {
        const double away = uniform(random, leastAside, mostAside) * box.side;
        const double direction = uniform(random, 0, 2 * M_PI);
        crop.x = box.x + away * std::cos(direction);
        crop.y = box.y + away * std::sin(direction);
    } else if (kind < asidesShare + partsShare) {  // an eye, a cheek, hair, what lies behind
        crop.side = box.side * cropFactor * logUniform(random, leastPart, mostPart);
        const double last = faces_.imageSize() - 1, margin = std::min(crop.side / 2, last / 2);
        crop.x = uniform(random, margin, last - margin);
        crop.y = uniform(random, margin, last - margin);
    } else {
        crop.side = box.side * cropFactor * logUniform(random, leastFar, mostFar);
    }
    return cutCrop(picture.planes, faces_.imageSize(), crop);
}

AlignerBatch AlignerSampler::draw(int64_t step) const {
    AlignerBatch batch;
    const uint64_t ofStep = mixed(common_.seed, static_cast<uint64_t>(step));
    for (int i = 0; i < crops_.count; ++i) {
        std::mt19937_64 random(mixed(ofStep, static_cast<uint64_t>(i)));
        const bool face = !chance(crops_.missedShare, random);
        std::vector<float> planes;
        Landmarks landmarks{};
        float yaw = 0;
        if (face) {
            const Picture picture = drawPicture(random);
            const Square crop = around(boxOf(picture.landmarks), random);
            planes = cutCrop(picture.planes, faces_.imageSize(), crop);
            landmarks = inCrop(picture.landmarks, crop);
            yaw = picture.yaw / 90;
        } else {
            planes = miss(random);
        }
        augment(planes.data(), cropSide, common_.augmentation, random);
        batch.crops.insert(batch.crops.end(), planes.begin(), planes.end());
        batch.landmarks.insert(batch.landmarks.end(), landmarks.begin(), landmarks.end());
        batch.yaw.push_back(yaw);
        batch.face.push_back(face ? 1.F : 0.F);
    }
    return batch;
}

}  // namespace drgan::train
