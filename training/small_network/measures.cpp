// SPDX-License-Identifier: Apache-2.0
#include "small_network/measures.hpp"

#include <cmath>
#include <vector>

#include "metrics/metrics.hpp"

namespace drgan::train {

double meanWhere(const torch::Tensor& each, const torch::Tensor& which) {
    return each.masked_select(which).mean().item<double>();
}

double areaUnderRoc(const torch::Tensor& score, const torch::Tensor& isFace) {
    const auto values = [](const torch::Tensor& t) {
        const torch::Tensor c = t.contiguous();
        return std::vector<float>(c.data_ptr<float>(), c.data_ptr<float>() + c.numel());
    };
    const PairScores scores{values(score.masked_select(isFace)), values(score.masked_select(isFace.logical_not()))};
    const bool measurable =
        !scores.same.empty() && !scores.different.empty() && torch::isfinite(score).all().item<bool>();
    return measurable ? drgan::areaUnderRoc(scores) : std::nan("");
}

}  // namespace drgan::train
