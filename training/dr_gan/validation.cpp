// SPDX-License-Identifier: Apache-2.0
#include "dr_gan/validation.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <stdexcept>

#include "dr_gan/batches.hpp"
#include "opencv2/drgan/model_contract.hpp"
#include "run/augmentation.hpp"
#include "run/picture.hpp"

namespace drgan::train {

namespace contract = cv::drgan::contract;

namespace {

constexpr double acceptedFalseMatches = 0.01;  // of pairs of two people: what the match threshold allows

cv::Mat picture(const io::FaceSet& faces, int64_t row) {
    cv::Mat rgb(faces.imageSize(), faces.imageSize(), CV_8UC3);
    faces.decode(static_cast<size_t>(row), rgb.data);
    return toFloat(rgb);
}

torch::Tensor tensor(const cv::Mat& picture) {
    std::vector<float> planes;
    appendPlanes(picture, planes);
    return torch::tensor(planes).view({3, picture.rows, picture.cols});
}

/// Training has named the pictures that cannot be decoded: here they are left out.
void dropCorrupt(const io::FaceSet& faces, std::vector<int64_t>& rows) {
    std::vector<uint8_t> rgb(static_cast<size_t>(faces.imageSize()) * faces.imageSize() * 3);
    auto corrupt = [&](int64_t row) {
        try {
            faces.decode(static_cast<size_t>(row), rgb.data());
            return false;
        } catch (const std::exception&) {
            return true;
        }
    };
    rows.erase(std::remove_if(rows.begin(), rows.end(), corrupt), rows.end());
}

/// What views of a person's only picture are made worse by.
const Augmentation worse{2, 2, 0.05, 0.25, 0, 1, 0, 0.5, 0.5};

torch::Tensor embed(nn::Graph& encoder, const io::FaceSet& faces, const std::vector<int64_t>& rows,
                    const torch::Device& device, bool worsened = false) {
    constexpr size_t chunk = 64;
    std::vector<torch::Tensor> parts;
    for (size_t from = 0; from < rows.size(); from += chunk) {
        std::vector<torch::Tensor> images;
        for (size_t i = from; i < std::min(rows.size(), from + chunk); ++i) {
            cv::Mat image = picture(faces, rows[i]);
            if (worsened) {
                std::mt19937_64 random(static_cast<uint64_t>(rows[i]));  // the same each time
                augment(image, worse, random);
            }
            images.push_back(tensor(image));
        }
        const torch::Tensor batch = torch::stack(images).contiguous(nn::memoryFormat()).to(device);
        parts.push_back(torch::nn::functional::normalize(nn::encode(encoder, batch).first).cpu());
    }
    return torch::cat(parts);
}

/// Similarities of pairs of one kind, sorted: of one person and of two.
struct Pairs {
    std::vector<float> same, different;

    void sort() {
        std::sort(same.begin(), same.end());
        std::sort(different.begin(), different.end());
    }
    bool complete() const { return !same.empty() && !different.empty(); }
    double missed(double threshold) const { return below(same, threshold); }
    double falselyMatched(double threshold) const { return 1 - below(different, threshold); }
    double equalErrorRate() const {
        double best = 1, rate = 1;
        for (double t = -1; t <= 1; t += 0.002) {
            const double gap = std::abs(missed(t) - falselyMatched(t));
            if (gap < best) {
                best = gap;
                rate = (missed(t) + falselyMatched(t)) / 2;
            }
        }
        return rate;
    }

private:
    static double below(const std::vector<float>& sorted, double threshold) {
        const auto it = std::lower_bound(sorted.begin(), sorted.end(), static_cast<float>(threshold));
        return sorted.empty() ? 0 : static_cast<double>(it - sorted.begin()) / static_cast<double>(sorted.size());
    }
};

}  // namespace

Validation validate(nn::Graph& encoder, const io::FaceSet& faces, const torch::Device& device, int64_t limit) {
    std::vector<int64_t> profiles, frontals, turned;
    for (size_t row = 0; row < faces.size(); ++row) {
        if (faces.split()[row] == 0 && isValidationPerson(faces.persons()[faces.person()[row]])) {
            const float size = std::abs(faces.yaw()[row]);
            if (faces.origin()[row] >= 0) {
                if (size > 60) {
                    turned.push_back(static_cast<int64_t>(row));
                }
            } else if (size < 30) {
                frontals.push_back(static_cast<int64_t>(row));
            } else if (size > 60) {
                profiles.push_back(static_cast<int64_t>(row));
            }
        }
    }
    auto thin = [&](std::vector<int64_t>& rows, size_t most) {
        std::vector<int64_t> kept;
        for (size_t i = 0; i < std::min(most, rows.size()); ++i) {
            kept.push_back(rows[i * rows.size() / std::min(most, rows.size())]);
        }
        dropCorrupt(faces, kept);
        rows = kept;
    };
    thin(profiles, static_cast<size_t>(limit) / 3);
    thin(frontals, static_cast<size_t>(limit) - profiles.size());
    Validation result;
    if (frontals.size() < 2) {
        return result;
    }
    torch::NoGradGuard noGrad;
    const bool training = encoder->is_training();
    encoder->eval();
    const torch::Tensor f = embed(encoder, faces, frontals, device);
    const torch::Tensor p = profiles.empty() ? torch::zeros({0, f.size(1)}) : embed(encoder, faces, profiles, device);
    encoder->train(training);
    Pairs ff, fp;
    auto collect = [&](const torch::Tensor& cosine, const std::vector<int64_t>& others, bool once, Pairs& pairs) {
        const auto value = cosine.accessor<float, 2>();
        for (size_t i = 0; i < frontals.size(); ++i) {
            for (size_t j = once ? i + 1 : 0; j < others.size(); ++j) {
                const bool same = faces.person()[frontals[i]] == faces.person()[others[j]];
                (same ? pairs.same : pairs.different)
                    .push_back(value[static_cast<int64_t>(i)][static_cast<int64_t>(j)]);
            }
        }
        pairs.sort();
    };
    collect(torch::mm(f, f.t()), frontals, true, ff);
    collect(torch::mm(f, p.t()), profiles, false, fp);
    if (ff.same.empty()) {
        result.ofViews = true;
        thin(turned, static_cast<size_t>(limit) / 3);
        encoder->eval();
        const torch::Tensor w = embed(encoder, faces, frontals, device, true);
        const torch::Tensor t = turned.empty() ? torch::zeros({0, f.size(1)}) : embed(encoder, faces, turned, device);
        encoder->train(training);
        fp = {};
        collect(torch::mm(f, w.t()), frontals, false, ff);
        collect(torch::mm(f, t.t()), turned, false, fp);
    }
    if (!ff.complete()) {
        return result;
    }
    result.pictures = static_cast<int64_t>(frontals.size() + profiles.size());
    result.frontalEer = ff.equalErrorRate();
    result.profileEer = fp.complete() ? fp.equalErrorRate() : std::nan("");
    // Frontal and profile pairs count alike, however many there are of each.
    for (double t = -1; t <= 1; t += 0.002) {
        result.threshold = t;
        const double frontal = ff.falselyMatched(t), profile = fp.complete() ? fp.falselyMatched(t) : frontal;
        if ((frontal + profile) / 2 <= acceptedFalseMatches) {
            break;
        }
    }
    return result;
}

void writeGrid(const std::string& path, nn::Graph& encoder, nn::Graph& decoder, nn::Graph& appearance,
               const io::FaceSet& faces, const torch::Device& device, bool inputs, int64_t drawnSide, int people) {
    std::map<int32_t, std::vector<int64_t>> rows;
    for (const bool validation : {true, false}) {  // where nobody is kept out, the people who are trained on
        for (size_t row = 0; row < faces.size(); ++row) {
            const int32_t person = faces.person()[row];
            if (faces.origin()[row] < 0 && faces.split()[row] == 0 &&
                isValidationPerson(faces.persons()[person]) == validation) {
                rows[person].push_back(static_cast<int64_t>(row));
            }
        }
        if (!rows.empty()) {
            break;
        }
    }
    // People with many pictures first: they are the ones with several yaws.
    std::vector<std::vector<int64_t>> chosen;
    for (const auto& item : rows) {
        chosen.push_back(item.second);
    }
    std::stable_sort(chosen.begin(), chosen.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
    chosen.resize(std::min(chosen.size(), static_cast<size_t>(people)));
    for (auto& candidates : chosen) {
        dropCorrupt(faces, candidates);
    }
    chosen.erase(std::remove_if(chosen.begin(), chosen.end(), [](const auto& c) { return c.empty(); }), chosen.end());
    if (chosen.empty()) {
        return;
    }
    std::vector<int64_t> shown;
    for (size_t i = 0; i < chosen.size(); ++i) {
        // Every other person is shown by the picture that is turned farthest, the rest by an ordinary one.
        const auto farther = [&](int64_t a, int64_t b) { return std::abs(faces.yaw()[a]) < std::abs(faces.yaw()[b]); };
        shown.push_back(i % 2 == 0 ? chosen[i].front()
                                   : *std::max_element(chosen[i].begin(), chosen[i].end(), farther));
    }
    torch::NoGradGuard noGrad;
    const bool training = decoder->is_training();
    const bool encoderTraining = encoder->is_training();
    encoder->eval();
    decoder->eval();  // an averaged appearance network always is
    const int64_t poses = nn::poseCount(decoder), side = faces.imageSize();
    std::vector<torch::Tensor> lines;
    for (int64_t row : shown) {
        const torch::Tensor image = tensor(picture(faces, row)).unsqueeze(0);
        const torch::Tensor embedding = nn::encode(encoder, image.to(device)).first.expand({poses, -1});
        const torch::Tensor noise =
            appearance
                ? appearance->forward({{contract::encoderImage, image.to(device)}}).at(contract::encoderAppearance)
                : torch::zeros({1, nn::noiseSize(decoder)}, embedding.options());
        torch::Tensor line = nn::decode(decoder, embedding, torch::eye(poses, embedding.options()),
                                        noise.expand({poses, -1}), nn::faceOutput(decoder, side, drawnSide))
                                 .cpu();
        const int64_t times = side / line.size(2);
        line = line.repeat_interleave(times, 2).repeat_interleave(times, 3);
        if (inputs) {
            line = torch::cat({image, line});
        }
        lines.push_back(line.permute({1, 2, 0, 3}).reshape({3, side, -1}));  // side by side
    }
    encoder->train(encoderTraining);
    decoder->train(training);
    const torch::Tensor grid = torch::cat(lines, 1).contiguous();
    writePng(path, toPicture(grid.data_ptr<float>(), {static_cast<int>(grid.size(2)), static_cast<int>(grid.size(1))}));
}

}  // namespace drgan::train
