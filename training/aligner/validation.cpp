// SPDX-License-Identifier: Apache-2.0
#include "aligner/validation.hpp"

#include <cmath>
#include <vector>

#include "metrics/metrics.hpp"
#include "nn/models/aligner.hpp"
#include "nn/models/networks.hpp"
#include "opencv2/drgan/model_contract.hpp"

namespace drgan::train {

namespace contract = cv::drgan::contract;

namespace {

constexpr double sideYaw = 0.5;  // of 90 degrees

double meanWhere(const torch::Tensor& each, const torch::Tensor& which) {
    return each.masked_select(which).mean().item<double>();  // NaN for none
}

/// NaN where there is nothing to measure, or where a run that diverges has no numbers any more.
double areaUnderRoc(const torch::Tensor& score, const torch::Tensor& which) {
    const auto values = [](const torch::Tensor& t) {
        const torch::Tensor c = t.contiguous();
        return std::vector<float>(c.data_ptr<float>(), c.data_ptr<float>() + c.numel());
    };
    const PairScores scores{values(score.masked_select(which)), values(score.masked_select(which.logical_not()))};
    const bool measurable =
        !scores.same.empty() && !scores.different.empty() && torch::isfinite(score).all().item<bool>();
    return measurable ? drgan::areaUnderRoc(scores) : std::nan("");
}

}  // namespace

double AlignerErrors::score() const { return std::isnan(front) ? side : std::isnan(side) ? front : (front + side) / 2; }

AlignerErrors alignerErrors(const nn::Edges& found, const torch::Tensor& landmarks, const torch::Tensor& yaw,
                            const torch::Tensor& face) {
    const torch::Tensor isFace = face > 0.5, isKnown = torch::isnan(yaw).logical_not();
    const torch::Tensor isSide = (yaw.abs() >= sideYaw).logical_or(isKnown.logical_not());
    const torch::Tensor apart = (found.at(contract::alignerLandmarks) - landmarks).view({-1, 5, 2}).norm(2, 2).mean(1) /
                                nn::eyeMouth(landmarks);
    AlignerErrors result;
    result.front = meanWhere(apart, isFace.logical_and(isSide.logical_not()));
    result.side = meanWhere(apart, isFace.logical_and(isSide));
    result.yaw = 90 * meanWhere((found.at(contract::alignerYaw).flatten() - yaw).abs(), isFace.logical_and(isKnown));
    result.auc = areaUnderRoc(found.at(contract::alignerScore).flatten(), isFace);
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
