// SPDX-License-Identifier: Apache-2.0
#include "aligner/batches.hpp"

#include "run/picture.hpp"
#include "run/random.hpp"

namespace drgan::train {

AlignerSampler::AlignerSampler(const io::FaceSet& faces, SamplingOptions common, CropOptions crops)
    : LooseCrops(faces, std::move(common), crops, cropSide) {}

AlignerBatch AlignerSampler::draw(int64_t step) const {
    AlignerBatch batch;
    const uint64_t ofStep = mixed(common().seed, static_cast<uint64_t>(step));
    for (int i = 0; i < crops().count; ++i) {
        std::mt19937_64 random(mixed(ofStep, static_cast<uint64_t>(i)));
        const bool face = !chance(crops().missedShare, random);
        cv::Mat pixels;
        Landmarks landmarks{};
        float yaw = 0;
        if (face) {
            std::vector<cv::Rect2d> others;
            LooseFaces::Picture picture = drawFace(random, others);
            maybeMask(picture, random);
            const Square crop = around(boxOf(picture.landmarks), random);
            pixels = toFloat(cutCrop(picture.pixels, crop));
            landmarks = inCrop(picture.landmarks, crop);
            yaw = picture.yaw / 90;
        } else {
            pixels = miss(random);
        }
        augment(pixels, common().augmentation, random);
        appendPlanes(pixels, batch.crops);
        batch.landmarks.insert(batch.landmarks.end(), landmarks.begin(), landmarks.end());
        batch.yaw.push_back(yaw);
        batch.face.push_back(face ? 1.F : 0.F);
    }
    return batch;
}

}  // namespace drgan::train
