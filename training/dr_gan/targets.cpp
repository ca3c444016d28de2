// SPDX-License-Identifier: Apache-2.0
#include "dr_gan/targets.hpp"

#include <cmath>
#include <map>

namespace drgan::train {

namespace {

constexpr float templateYaw = 35;    // degrees: pictures beyond it do not go into a person's template
constexpr float yawStep = 15;        // degrees
constexpr int64_t leastOfYaw = 200;  // pictures whose mean says something about a yaw

/// What the teacher adds to the embeddings of a yaw, whoever is seen: its mean there less that of near-frontal
/// pictures.
class PoseOffset {
public:
    PoseOffset(const io::FaceSet& faces, const torch::Tensor& teacher) {
        std::map<int, torch::Tensor> sums;
        std::map<int, int64_t> counts;
        for (size_t row = 0; row < faces.size(); ++row) {
            if (faces.origin()[row] < 0) {
                const int step = stepOf(faces.yaw()[row]);
                sums.try_emplace(step, torch::zeros({teacher.size(1)})).first->second +=
                    teacher[static_cast<int64_t>(row)];
                ++counts[step];
            }
        }
        for (const auto& [step, sum] : sums) {
            if (counts[0] >= leastOfYaw && counts[step] >= leastOfYaw) {
                offsets_[step] = sum / counts[step] - sums.at(0) / counts[0];
            }
        }
    }

    /// Embeddings of this yaw as if they were of a near-frontal picture; as they are where too few pictures show it.
    torch::Tensor without(const torch::Tensor& embedding, float yaw) const {
        const auto found = offsets_.find(stepOf(yaw));
        return found == offsets_.end() ? embedding : embedding - found->second;
    }

private:
    static int stepOf(float yaw) { return static_cast<int>(std::abs(yaw) / yawStep); }
    std::map<int, torch::Tensor> offsets_;
};

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
    const PoseOffset offset(faces, targets.teacher);
    torch::Tensor sums = torch::zeros({static_cast<int64_t>(faces.persons().size()), size});
    torch::Tensor all = torch::zeros_like(sums);
    for (int64_t row = 0; row < rows; ++row) {
        targets.source.push_back(faces.origin()[row] < 0 ? row : faces.origin()[row]);
        if (targets.source.back() != row) {
            continue;
        }
        const int32_t person = faces.person()[row];
        all[person] += offset.without(targets.teacher[row], faces.yaw()[row]);
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
