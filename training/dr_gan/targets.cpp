// SPDX-License-Identifier: Apache-2.0
#include "dr_gan/targets.hpp"

#include <cmath>

namespace drgan::train {

namespace {

constexpr float templateYaw = 35;  // degrees: pictures beyond it do not go into a person's template

}  // namespace

Targets readTargets(const io::FaceSet& faces, const std::vector<int32_t>& persons) {
    Targets targets;
    if (faces.teacherSize() == 0) {
        return targets;
    }
    const auto rows = static_cast<int64_t>(faces.size());
    const auto size = static_cast<int64_t>(faces.teacherSize());
    targets.teacher =
        torch::from_blob(const_cast<float*>(faces.teacher().data()), {rows, size}, torch::kFloat32).clone();
    torch::Tensor sums = torch::zeros({static_cast<int64_t>(faces.persons().size()), size});
    torch::Tensor all = torch::zeros_like(sums);
    for (int64_t row = 0; row < rows; ++row) {
        targets.source.push_back(faces.origin()[row] < 0 ? row : faces.origin()[row]);
        if (targets.source.back() != row) {
            continue;
        }
        const int32_t person = faces.person()[row];
        all[person] += targets.teacher[row];
        if (std::abs(faces.yaw()[row]) < templateYaw) {
            sums[person] += targets.teacher[row];
        }
    }
    // A person without any such picture is taught what there is.
    const torch::Tensor empty = (sums.norm(2, 1, true) < 1e-6).to(torch::kFloat32);
    sums = sums + empty * all;
    const torch::Tensor index = torch::tensor(std::vector<int64_t>(persons.begin(), persons.end()), torch::kInt64);
    targets.templates = torch::nn::functional::normalize(sums.index_select(0, index));
    return targets;
}

}  // namespace drgan::train
