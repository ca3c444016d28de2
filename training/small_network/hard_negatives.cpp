// SPDX-License-Identifier: Apache-2.0
#include "small_network/hard_negatives.hpp"

#include <stdexcept>

#include "run/optimisation.hpp"

namespace drgan::train {

namespace {
constexpr const char* tensorName = "hard_negatives";
}

void addHardNegatives(Checkpoint& checkpoint, const std::vector<HardNegative>& negatives) {
    std::vector<double> values;
    for (const HardNegative& n : negatives) {
        values.insert(values.end(), {static_cast<double>(n.photo), n.box.x, n.box.y, n.box.side});
    }
    // In double precision, so that a resumed run draws just what the whole one draws.
    checkpoint.tensors[tensorName] = torch::tensor(values, torch::kFloat64).view({-1, 4});
}

std::vector<HardNegative> hardNegativesIn(const Checkpoint& checkpoint, const Backgrounds& backgrounds,
                                          const std::string& folder) {
    const torch::Tensor rows = tensorIn(checkpoint, tensorName);
    std::vector<HardNegative> result;
    for (int64_t i = 0; i < rows.size(0); ++i) {
        const auto value = [&](int64_t k) { return rows[i][k].item<double>(); };
        if (value(0) < 0 || value(0) >= static_cast<double>(backgrounds.size())) {
            throw std::runtime_error(folder + ": has fewer pictures than when the detector learned");
        }
        result.push_back({static_cast<size_t>(value(0)), {value(1), value(2), value(3), 0}});
    }
    return result;
}

}  // namespace drgan::train
