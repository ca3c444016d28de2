// SPDX-License-Identifier: Apache-2.0

#include "studies.hpp"

#include <algorithm>
#include <cmath>

namespace drgan::eval {

namespace {

constexpr double yawStep = 30;                             // degrees
constexpr double confidenceSteps[] = {0, 15, 45, 70, 91};  // degrees

/// Landmarks that alignCrop() would put exactly where the alignment wants them: those of a face that is aligned
/// already.
cv::Mat landmarksOf(const cv::drgan::Alignment& alignment) {
    constexpr float apart = 0.15F;  // units of the side; only the midpoints count
    const float x = alignment.eyes.x, y = alignment.eyes.y, mouth = y + alignment.eyeMouth;
    const cv::Mat points =
        (cv::Mat_<float>(5, 2) << x - apart, y, x + apart, y, x, (y + mouth) / 2, x - apart, mouth, x + apart, mouth);
    return points * static_cast<float>(alignment.size);
}

}  // namespace

PairScores allFrontalProfile(const Persons& persons, const Embeddings& embeddings) {
    PairScores scores;
    for (size_t i = 0; i < persons.size(); ++i) {
        for (const std::string& frontal : persons[i].frontal) {
            for (size_t j = 0; j < persons.size(); ++j) {
                for (const std::string& profile : persons[j].profile) {
                    const auto cosine = static_cast<float>(embeddings.at(frontal).dot(embeddings.at(profile)));
                    (i == j ? scores.same : scores.different).push_back(cosine);
                }
            }
        }
    }
    return scores;
}

std::vector<YawDifference> byYawDifference(const Persons& persons, const Faces& faces, const Embeddings& embeddings,
                                           double threshold) {
    struct Picture {
        size_t person;
        float yaw;
        const cv::Mat* embedding;
    };
    std::vector<Picture> pictures;
    for (size_t i = 0; i < persons.size(); ++i) {
        for (const auto* list : {&persons[i].frontal, &persons[i].profile, &persons[i].between}) {
            for (const std::string& path : *list) {
                if (faces.at(path).hasYaw) {
                    pictures.push_back({i, faces.at(path).yaw, &embeddings.at(path)});
                }
            }
        }
    }
    std::vector<PairScores> steps(static_cast<size_t>(180 / yawStep));
    for (size_t a = 0; a < pictures.size(); ++a) {
        for (size_t b = a + 1; b < pictures.size(); ++b) {
            const double difference = std::abs(pictures[a].yaw - pictures[b].yaw);
            PairScores& scores = steps[std::min(steps.size() - 1, static_cast<size_t>(difference / yawStep))];
            const auto cosine = static_cast<float>(pictures[a].embedding->dot(*pictures[b].embedding));
            (pictures[a].person == pictures[b].person ? scores.same : scores.different).push_back(cosine);
        }
    }
    std::vector<YawDifference> rows;
    for (size_t i = 0; i < steps.size(); ++i) {
        const PairScores& s = steps[i];
        if (s.same.empty() || s.different.empty()) {
            continue;
        }
        YawDifference row{yawStep * static_cast<double>(i),
                          yawStep * static_cast<double>(i + 1),
                          s.same.size(),
                          s.different.size(),
                          0,
                          equalErrorRate(s)};
        const double t = std::isnan(threshold) ? bestOperating(s).threshold : threshold;
        // There are far more pairs of two people: both kinds count alike.
        const auto reaches = [t](float score) { return score >= t; };
        const auto share = [&](const std::vector<float>& list) {
            return static_cast<double>(std::count_if(list.begin(), list.end(), reaches)) /
                   static_cast<double>(list.size());
        };
        row.accuracy = (share(s.same) + 1 - share(s.different)) / 2;
        rows.push_back(row);
    }
    return rows;
}

std::vector<Confidence> byYaw(const Faces& faces, const Encoded& encoded) {
    std::vector<Confidence> rows;
    for (size_t i = 0; i + 1 < std::size(confidenceSteps); ++i) {
        Confidence row{confidenceSteps[i], confidenceSteps[i + 1]};
        std::vector<double> clean, blurred, small;
        for (const auto& [name, face] : faces.all()) {
            const double yaw = std::abs(face.yaw);
            if (face.hasYaw && yaw >= row.from && yaw < row.to) {
                clean.push_back(encoded.clean.at(name).confidence);
                blurred.push_back(encoded.blurred.at(name).confidence);
                small.push_back(encoded.small.at(name).confidence);
            }
        }
        if (!clean.empty()) {
            row.pictures = clean.size();
            const MeanDeviation m = meanDeviation(clean);
            row.mean = m.mean;
            row.deviation = m.deviation;
            row.blurred = meanDeviation(blurred).mean;
            row.small = meanDeviation(small).mean;
            rows.push_back(row);
        }
    }
    return rows;
}

Embeddings frontalized(const Persons& persons, const Encodings& encodings, const cv::drgan::Bundle& bundle,
                       Embedder& recognizer, const Embeddings& raw, bool mirror) {
    const cv::Ptr<cv::drgan::Decoder> decoder = cv::drgan::Decoder::create(bundle.decoder);
    const cv::drgan::Alignment alignment = cv::drgan::Encoder::create(bundle.encoder)->alignment();
    Embeddings result = raw;
    for (const Person& person : persons) {
        for (const std::string& path : person.profile) {
            cv::Mat face;
            const Embedder::Encoding& encoding = encodings.at(path);
            decoder->frontalize(encoding.embedding, face, encoding.appearance);
            result[path] = recognizer.embed(face, landmarksOf(alignment), mirror);
        }
    }
    return result;
}

}  // namespace drgan::eval
