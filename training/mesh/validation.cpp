// SPDX-License-Identifier: Apache-2.0
#include "mesh/validation.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "nn/models/face_mesh.hpp"
#include "nn/models/networks.hpp"
#include "small_network/measures.hpp"

namespace drgan::train {

namespace {

constexpr double bounds[] = {0, 15, 45, std::numeric_limits<double>::infinity()};  // of |yaw|, degrees

}  // namespace

double MeshErrors::score() const {
    return std::isnan(places[0]) ? places[1] : std::isnan(places[1]) ? places[0] : (places[0] + places[1]) / 2;
}

MeshErrors meshErrors(const nn::Edges& found, const torch::Tensor& mesh, const torch::Tensor& yaw,
                      const torch::Tensor& face) {
    const torch::Tensor isFace = face > 0.5;
    const torch::Tensor apart = (found.at(nn::meshPlaces) - mesh).view({mesh.size(0), -1, 3}) /
                                nn::eyeDistance(mesh).clamp_min(1).view({-1, 1, 1});
    const torch::Tensor places = apart.slice(2, 0, 2).norm(2, 2).mean(1), depth = apart.select(2, 2).abs().mean(1);
    MeshErrors result;
    for (size_t i = 0; i < result.places.size(); ++i) {
        const torch::Tensor which = isFace.logical_and(yaw.abs() >= bounds[i]).logical_and(yaw.abs() < bounds[i + 1]);
        result.places[i] = meanWhere(places, which);
        result.depth[i] = meanWhere(depth, which);
    }
    result.auc = areaUnderRoc(found.at(nn::meshFace).flatten(), isFace);
    return result;
}

torch::Tensor meshInput(const MeshBatch& batch, const torch::Device& device) {
    return nn::fromPlanes(batch.crops, meshSide, device).add(1).div(2);
}

MeshErrors validateMesh(nn::Graph& network, const MeshSampler& sampler, int64_t batches, const torch::Device& device) {
    torch::NoGradGuard noGrad;
    const bool training = network->is_training();
    network->eval();
    std::map<std::string, std::vector<torch::Tensor>> parts;
    std::vector<float> mesh, yaw, face;
    for (int64_t i = 0; i < batches; ++i) {  // drawn again each time: the crops of all batches are large
        const MeshBatch batch = sampler.draw(i);
        for (const auto& [name, value] : network->forward({{nn::meshImage, meshInput(batch, device)}})) {
            parts[name].push_back(value.cpu());
        }
        mesh.insert(mesh.end(), batch.mesh.begin(), batch.mesh.end());
        yaw.insert(yaw.end(), batch.yaw.begin(), batch.yaw.end());
        face.insert(face.end(), batch.face.begin(), batch.face.end());
    }
    network->train(training);
    nn::Edges found;
    for (const auto& [name, values] : parts) {
        found[name] = torch::cat(values);
    }
    return meshErrors(found, torch::tensor(mesh).view({static_cast<int64_t>(yaw.size()), -1}), torch::tensor(yaw),
                      torch::tensor(face));
}

}  // namespace drgan::train
