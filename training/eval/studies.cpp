// SPDX-License-Identifier: Apache-2.0

#include "studies.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace drgan::eval {

namespace {

constexpr double yawStep = 30;                             // degrees
constexpr double confidenceSteps[] = {0, 15, 45, 70, 91};  // degrees
constexpr int mostFused = 8;

std::vector<std::string> shuffled(std::vector<std::string> pictures, std::mt19937& random) {
    std::shuffle(pictures.begin(), pictures.end(), random);
    return pictures;
}

/// The person's pictures in random order, frontal and profile in turn while both last.
std::vector<std::string> mixed(const Cfp::Person& person, std::mt19937& random) {
    const std::vector<std::string> frontal = shuffled(person.frontal, random),
                                   profile = shuffled(person.profile, random);
    std::vector<std::string> order;
    for (size_t i = 0; i < std::max(frontal.size(), profile.size()); ++i) {
        if (i < frontal.size()) {
            order.push_back(frontal[i]);
        }
        if (i < profile.size()) {
            order.push_back(profile[i]);
        }
    }
    return order;
}

/// Landmarks that alignCrop() would put exactly where the alignment wants them: those of a face that is aligned
/// already.
cv::Mat landmarksOf(const cv::drgan::Alignment& alignment) {
    constexpr float apart = 0.15F;  // units of the side; only the midpoints count
    const float x = alignment.eyes.x, y = alignment.eyes.y, mouth = y + alignment.eyeMouth;
    const cv::Mat points =
        (cv::Mat_<float>(5, 2) << x - apart, y, x + apart, y, x, (y + mouth) / 2, x - apart, mouth, x + apart, mouth);
    return points * static_cast<float>(alignment.size);
}

enum class Way { Confidence, Mean, Best };

cv::Mat makeTemplate(const std::vector<std::string>& pictures, const Codes& codes, Way way) {
    cv::drgan::Template fused;
    float best = -1;
    for (const std::string& path : pictures) {
        const Embedder::Code& code = codes.at(path);
        if (way == Way::Best && code.confidence <= best) {
            continue;
        }
        if (way == Way::Best) {
            best = code.confidence;
            fused.reset();
        }
        fused.add(code.embedding, way == Way::Confidence ? code.confidence : 1);
    }
    cv::Mat embedding;
    fused.fused(embedding);
    return data::unit(embedding);
}

/// Every left row against every right one; row i of each is of person i.
void addScores(const cv::Mat& left, const cv::Mat& right, PairScores& scores) {
    const cv::Mat cosines = left * right.t();
    for (int i = 0; i < cosines.rows; ++i) {
        for (int j = 0; j < cosines.cols; ++j) {
            (i == j ? scores.same : scores.different).push_back(cosines.at<float>(i, j));
        }
    }
}

double fusedEer(const Persons& persons, const Codes& codes, size_t n, Way way, int draws) {
    PairScores scores;
    std::mt19937 random(1);  // the same draws for every way
    for (int draw = 0; draw < draws; ++draw) {
        cv::Mat sides[2];
        for (const Cfp::Person& person : persons) {
            const std::vector<std::string> order = mixed(person, random);
            // Frontal and profile alternate: pairs of them go to the sides in turn, so that both sides are mixed.
            std::vector<std::string> pictures[2];
            for (size_t i = 0; i < order.size(); ++i) {
                pictures[i / 2 % 2].push_back(order[i]);
            }
            for (int side = 0; side < 2; ++side) {
                // At n = 1 one side is frontal and the other a profile, at random.
                std::vector<std::string>& list = pictures[side];
                if (n == 1 && (draw + side) % 2 == 1 && list.size() > 1) {
                    std::swap(list[0], list[1]);
                }
                list.resize(std::min(list.size(), n));
                sides[side].push_back(makeTemplate(list, codes, way));
            }
        }
        addScores(sides[0], sides[1], scores);
    }
    return equalErrorRate(scores);
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
        for (const auto* list : {&persons[i].frontal, &persons[i].profile}) {
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

std::vector<Fusion> byImagesFused(const Persons& persons, const Codes& codes, int draws) {
    size_t least = SIZE_MAX;  // pictures of a person
    for (const Cfp::Person& person : persons) {
        least = std::min(least, person.frontal.size() + person.profile.size());
    }
    std::vector<Fusion> rows;
    for (size_t n = 1; persons.size() > 1 && n <= std::min<size_t>(mostFused, least / 2); ++n) {
        Fusion row;
        row.n = static_cast<int>(n);
        row.confidence = fusedEer(persons, codes, n, Way::Confidence, draws);
        row.mean = fusedEer(persons, codes, n, Way::Mean, draws);
        row.best = fusedEer(persons, codes, n, Way::Best, draws);
        rows.push_back(row);
    }
    return rows;
}

std::vector<Confidence> byYaw(const Faces& faces, const Codes& codes, const Codes& blurred) {
    std::vector<Confidence> rows;
    for (size_t i = 0; i + 1 < std::size(confidenceSteps); ++i) {
        Confidence row{confidenceSteps[i], confidenceSteps[i + 1]};
        for (const auto& [path, face] : faces.all()) {
            const double yaw = std::abs(face.yaw);
            if (face.hasYaw && yaw >= row.from && yaw < row.to) {
                ++row.pictures;
                row.mean += codes.at(path).confidence;
                row.blurred += blurred.at(path).confidence;
            }
        }
        if (row.pictures > 0) {
            row.mean /= static_cast<double>(row.pictures);
            row.blurred /= static_cast<double>(row.pictures);
            rows.push_back(row);
        }
    }
    return rows;
}

Embeddings frontalized(const Persons& persons, const Codes& codes, const cv::drgan::Bundle& bundle,
                       Embedder& recognizer, const Embeddings& raw, bool mirror) {
    const cv::Ptr<cv::drgan::Decoder> decoder = cv::drgan::Decoder::create(bundle.decoder);
    const cv::drgan::Alignment alignment = cv::drgan::Encoder::create(bundle.encoder)->alignment();
    Embeddings result = raw;
    for (const Cfp::Person& person : persons) {
        for (const std::string& path : person.profile) {
            cv::Mat face;
            decoder->frontalize(codes.at(path).embedding, face);
            result[path] = recognizer.embed(face, landmarksOf(alignment), mirror);
        }
    }
    return result;
}

}  // namespace drgan::eval
