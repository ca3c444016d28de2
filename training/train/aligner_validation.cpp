// SPDX-License-Identifier: Apache-2.0
#include "train/aligner_validation.hpp"

#include <algorithm>
#include <cmath>

#include "nn/aligner.hpp"
#include "nn/networks.hpp"
#include "opencv2/drgan/model_contract.hpp"

namespace drgan::train {

namespace contract = cv::drgan::contract;

namespace {

constexpr double sideYaw = 0.5;  // of 90 degrees

double meanWhere(const torch::Tensor& each, const torch::Tensor& which) {
    return each.masked_select(which).mean().item<double>();  // NaN for none
}

/// By ranks, equal scores sharing theirs.
double areaUnderCurve(const torch::Tensor& score, const torch::Tensor& face) {
    std::vector<std::pair<float, bool>> sorted;
    for (int64_t i = 0; i < score.size(0); ++i) {
        sorted.emplace_back(score[i].item<float>(), face[i].item<bool>());
    }
    std::sort(sorted.begin(), sorted.end());
    double ranks = 0, faces = 0;
    for (size_t i = 0; i < sorted.size();) {
        size_t end = i;
        double among = 0;
        for (; end < sorted.size() && sorted[end].first == sorted[i].first; ++end) {
            among += sorted[end].second ? 1 : 0;
        }
        ranks += among * static_cast<double>(i + end + 1) / 2;
        faces += among;
        i = end;
    }
    const double misses = static_cast<double>(sorted.size()) - faces;
    return (ranks - faces * (faces + 1) / 2) / (faces * misses);
}

}  // namespace

double AlignerErrors::score() const { return std::isnan(front) ? side : std::isnan(side) ? front : (front + side) / 2; }

AlignerErrors alignerErrors(const nn::Edges& found, const torch::Tensor& landmarks, const torch::Tensor& yaw,
                            const torch::Tensor& face) {
    const torch::Tensor isFace = face > 0.5, isSide = yaw.abs() >= sideYaw;
    const torch::Tensor apart = (found.at(contract::alignerLandmarks) - landmarks).view({-1, 5, 2}).norm(2, 2).mean(1) /
                                nn::eyeMouth(landmarks);
    AlignerErrors result;
    result.front = meanWhere(apart, isFace.logical_and(isSide.logical_not()));
    result.side = meanWhere(apart, isFace.logical_and(isSide));
    result.yaw = 90 * meanWhere((found.at(contract::alignerYaw).flatten() - yaw).abs(), isFace);
    result.auc = areaUnderCurve(found.at(contract::alignerScore).flatten(), isFace);
    return result;
}

AlignerErrors validateAligner(nn::Graph& network, const std::vector<AlignerBatch>& batches,
                              const torch::Device& device) {
    torch::NoGradGuard noGrad;
    const bool training = network->is_training();
    network->eval();
    std::map<std::string, std::vector<torch::Tensor>> parts;
    std::vector<float> landmarks, yaw, face;
    for (const AlignerBatch& batch : batches) {
        for (const auto& [name, value] :
             network->forward({{contract::alignerCrop, nn::fromPlanes(batch.crops, cropSide, device)}})) {
            parts[name].push_back(value.cpu());
        }
        landmarks.insert(landmarks.end(), batch.landmarks.begin(), batch.landmarks.end());
        yaw.insert(yaw.end(), batch.yaw.begin(), batch.yaw.end());
        face.insert(face.end(), batch.face.begin(), batch.face.end());
    }
    network->train(training);
    nn::Edges found;
    for (const auto& [name, values] : parts) {
        found[name] = torch::cat(values);
    }
    return alignerErrors(found, torch::tensor(landmarks).view({-1, 10}), torch::tensor(yaw), torch::tensor(face));
}

}  // namespace drgan::train
