// SPDX-License-Identifier: Apache-2.0
#include "mesh/batches.hpp"

#include "run/picture.hpp"
#include "run/random.hpp"

namespace drgan::train {

namespace {

constexpr size_t values = 3 * io::meshPoints;

}  // namespace

std::vector<float> mirroredMesh(const float* mesh, int pictureSide) {
    std::vector<float> result(values);
    for (size_t i = 0; i < io::meshPoints; ++i) {
        const float* twin = mesh + 3 * io::meshTwins()[i];
        result[3 * i] = static_cast<float>(pictureSide - 1) - twin[0];
        result[3 * i + 1] = twin[1];
        result[3 * i + 2] = twin[2];
    }
    return result;
}

std::vector<float> meshInCrop(const std::vector<float>& mesh, const Square& crop, int size) {
    std::vector<float> result(mesh.size());
    for (size_t i = 0; i < mesh.size(); i += 3) {
        const cv::Point2d p = inCrop(cv::Point2d(mesh[i], mesh[i + 1]), crop) * size;
        result[i] = static_cast<float>(p.x);
        result[i + 1] = static_cast<float>(p.y);
        result[i + 2] = static_cast<float>(mesh[i + 2] * size / crop.side);
    }
    return result;
}

MeshSampler::MeshSampler(const io::FaceSet& faces, SamplingOptions common, CropOptions crops)
    : LooseCrops(faces, std::move(common), crops, meshSide, LooseFaces::Only::meshed), set_(faces) {}

MeshSampler::Face MeshSampler::drawFace(std::mt19937_64& random) const {
    std::vector<cv::Rect2d> others;
    LooseFaces::Picture picture = LooseCrops::drawFace(random, others);
    const float* stored = set_.mesh().begin() + values * static_cast<size_t>(picture.row);
    std::vector<float> mesh(stored, stored + values);
    if (picture.mirrored) {
        mesh = mirroredMesh(stored, set_.imageSize());
    }
    maybeMask(picture, random);
    const Square crop = around(boxOf(picture.landmarks), random);
    return {toFloat(cutCrop(picture.pixels, crop, meshSide)), meshInCrop(mesh, crop), picture.yaw};
}

std::vector<float> MeshSampler::drawMeshes(size_t count) const {
    std::mt19937_64 random(common().seed);
    std::vector<float> meshes;
    for (size_t i = 0; i < count; ++i) {
        const Face face = drawFace(random);
        meshes.insert(meshes.end(), face.mesh.begin(), face.mesh.end());
    }
    return meshes;
}

MeshBatch MeshSampler::draw(int64_t step) const {
    MeshBatch batch;
    const uint64_t ofStep = mixed(common().seed, static_cast<uint64_t>(step));
    for (int i = 0; i < crops().count; ++i) {
        std::mt19937_64 random(mixed(ofStep, static_cast<uint64_t>(i)));
        const bool isFace = !chance(crops().missedShare, random);
        Face face = isFace ? drawFace(random) : Face{miss(random), std::vector<float>(values, 0), 0};
        augment(face.pixels, common().augmentation, random);
        appendPlanes(face.pixels, batch.crops);
        batch.mesh.insert(batch.mesh.end(), face.mesh.begin(), face.mesh.end());
        batch.yaw.push_back(face.yaw);
        batch.face.push_back(isFace ? 1.F : 0.F);
    }
    return batch;
}

}  // namespace drgan::train
