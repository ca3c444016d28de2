// SPDX-License-Identifier: Apache-2.0
#include "aligner/batches.hpp"

#include <cmath>
#include <stdexcept>

#include "run/picture.hpp"
#include "run/random.hpp"
#include "small_network/worn_mask.hpp"

namespace drgan::train {

namespace {

// Crops that miss the face: by their place, by their size either way, or made up.
constexpr double asidesShare = 0.4, partsShare = 0.3, farShare = 0.15;
constexpr double leastAside = 0.6, mostAside = 1.2;  // centre to centre, in sides of the box
constexpr double leastPart = 0.15, mostPart = 0.4;   // crop / (cropFactor x box)
constexpr double leastFar = 2.5, mostFar = 4;
constexpr double photoShare = 0.5, hardNegativeShare = 0.6;  // of them; of those
constexpr double leastInPhoto = 24;                          // pixels
// Some sets' pictures end close to the face, and a crop shows them mirrored at the border: that must not mean a face.
constexpr double tightShare = 0.3, leastTight = 1.4, mostTight = 1.9;  // of them; sides of the box
constexpr int tightSide = 128;                                         // pixels
constexpr float sureYaw = 30;                                          // degrees: farther, landmarks overestimate it

double logUniform(std::mt19937_64& random, double low, double high) {
    return std::exp(uniform(random, std::log(low), std::log(high)));
}

}  // namespace

AlignerSampler::AlignerSampler(const io::FaceSet& faces, SamplingOptions common, CropOptions crops)
    : faces_(faces, common.validation, common.turnedShare), common_(std::move(common)), crops_(crops) {
    if (crops_.count < 1 || !(crops_.smallest > 0) || crops_.largest < crops_.smallest) {
        throw std::invalid_argument("a batch needs at least one crop, and crops a range of sizes above 0");
    }
    // The crop's affine does what these would.
    common_.augmentation.shift = 0;
    common_.augmentation.rotation = common_.augmentation.zoom = 0;
}

Square AlignerSampler::around(const Square& box, std::mt19937_64& random) const {
    Square crop = box;
    crop.x += uniform(random, -crops_.shift, crops_.shift) * box.side;
    crop.y += uniform(random, -crops_.shift, crops_.shift) * box.side;
    crop.side = box.side * cropFactor * logUniform(random, crops_.smallest, crops_.largest);
    crop.roll = uniform(random, -crops_.roll, crops_.roll);
    return crop;
}

void AlignerSampler::setPhotos(const Backgrounds& photos, std::vector<HardNegative> hardNegatives) {
    photos_ = &photos;
    hardNegatives_ = std::move(hardNegatives);
}

cv::Mat AlignerSampler::photo(std::mt19937_64& random) const {
    const bool mirrored = chance(0.5, random);
    if (!hardNegatives_.empty() && chance(hardNegativeShare, random)) {
        const HardNegative& negative = pick(hardNegatives_, random);
        return toFloat(photos_->cut(negative.photo, around(negative.box, random), cropSide, mirrored));
    }
    const auto which = std::uniform_int_distribution<size_t>(0, photos_->size() - 1)(random);
    const double width = photos_->width(which), height = photos_->height(which);
    Square box;
    box.side = logUniform(random, leastInPhoto, std::min(width, height)) / cropFactor;
    box.x = uniform(random, 0, width);
    box.y = uniform(random, 0, height);
    if (chance(tightShare, random)) {
        Square tight = box;
        tight.side *= uniform(random, leastTight, mostTight);
        const cv::Mat cut = photos_->cut(which, tight, tightSide, mirrored);
        const Square within{tightSide / 2., tightSide / 2., tightSide * box.side / tight.side, 0};
        return toFloat(cutCrop(cut, around(within, random)));
    }
    return toFloat(photos_->cut(which, around(box, random), cropSide, mirrored));
}

LooseFaces::Picture AlignerSampler::drawFace(std::mt19937_64& random, std::vector<cv::Rect2d>& others) const {
    others.clear();
    if (labelled_ == nullptr || !chance(crops_.realShare, random)) {
        return faces_.draw(random);
    }
    LooseFaces::Picture picture = labelled_->drawFace(common_.validation, random, others);
    if (std::abs(picture.yaw) > sureYaw) {
        picture.yaw = std::nanf("");
    }
    return picture;
}

cv::Mat AlignerSampler::miss(std::mt19937_64& random) const {
    if (photos_ != nullptr && chance(photoShare, random)) {
        return photo(random);
    }
    const double kind = uniform(random, 0, 1);
    if (kind >= asidesShare + partsShare + farShare) {
        return texture(cropSide, random);
    }
    std::vector<cv::Rect2d> others;
    const LooseFaces::Picture picture = drawFace(random, others);
    const Square box = boxOf(picture.landmarks);
    Square crop = around(box, random);
    if (kind < asidesShare) {
        const double away = uniform(random, leastAside, mostAside) * box.side;
        const double direction = uniform(random, 0, 2 * M_PI);
        crop.x = box.x + away * std::cos(direction);
        crop.y = box.y + away * std::sin(direction);
    } else if (kind < asidesShare + partsShare) {  // an eye, a cheek, hair, what lies behind
        crop.side = box.side * cropFactor * logUniform(random, leastPart, mostPart);
        const double last = picture.pixels.cols - 1, margin = std::min(crop.side / 2, last / 2);
        crop.x = uniform(random, margin, last - margin);
        crop.y = uniform(random, margin, last - margin);
    } else {
        crop.side = box.side * cropFactor * logUniform(random, leastFar, mostFar);
    }
    // Another face in its middle is no miss.
    const double reach = crop.side / (2 * cropFactor);
    for (const cv::Rect2d& other : others) {
        const cv::Point2d middle = (other.tl() + other.br()) / 2;
        if (std::max(std::abs(middle.x - crop.x), std::abs(middle.y - crop.y)) < reach) {
            return texture(cropSide, random);
        }
    }
    return toFloat(cutCrop(picture.pixels, crop));
}

AlignerBatch AlignerSampler::draw(int64_t step) const {
    AlignerBatch batch;
    const uint64_t ofStep = mixed(common_.seed, static_cast<uint64_t>(step));
    for (int i = 0; i < crops_.count; ++i) {
        std::mt19937_64 random(mixed(ofStep, static_cast<uint64_t>(i)));
        const bool face = !chance(crops_.missedShare, random);
        cv::Mat pixels;
        Landmarks landmarks{};
        float yaw = 0;
        if (face) {
            std::vector<cv::Rect2d> others;
            LooseFaces::Picture picture = drawFace(random, others);
            if (chance(crops_.maskShare, random)) {
                picture.pixels = toFloat(picture.pixels);
                wearMask(picture.pixels, picture.landmarks, random);
                picture.pixels = toBytes(picture.pixels);
            }
            const Square crop = around(boxOf(picture.landmarks), random);
            pixels = toFloat(cutCrop(picture.pixels, crop));
            landmarks = inCrop(picture.landmarks, crop);
            yaw = picture.yaw / 90;
        } else {
            pixels = miss(random);
        }
        augment(pixels, common_.augmentation, random);
        appendPlanes(pixels, batch.crops);
        batch.landmarks.insert(batch.landmarks.end(), landmarks.begin(), landmarks.end());
        batch.yaw.push_back(yaw);
        batch.face.push_back(face ? 1.F : 0.F);
    }
    return batch;
}

}  // namespace drgan::train
