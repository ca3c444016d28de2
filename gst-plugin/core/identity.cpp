// SPDX-License-Identifier: Apache-2.0
#include "identity.hpp"

#include <algorithm>

namespace drgan {
namespace {

constexpr double redrawCosine = 0.98;

}  // namespace

bool Identity::draw(cv::drgan::Encoder& encoder, cv::drgan::Decoder& decoder, float asked, double slack) {
    if (fused.size() == 0) {
        return false;
    }
    const auto poses = decoder.poses();
    const float yaw = std::clamp(asked, poses.front(), poses.back());
    cv::Mat embedding;
    fused.fused(embedding);
    const double grown = fused.totalConfidence() - drawnTotal_;
    const auto looksTheSame = [&] { return encoder.match(embedding, drawnFrom_) > redrawCosine; };
    if (!drawnFrom_.empty() && drawnYaw_ == yaw && (grown <= 0 || (grown < slack && looksTheSame()))) {
        return false;
    }
    cv::Mat face;
    decoder.rotate(embedding, yaw, face);
    frontal = face;
    drawnFrom_ = embedding;
    drawnTotal_ = fused.totalConfidence();
    drawnYaw_ = yaw;
    return true;
}

bool Identity::match(const cv::drgan::Gallery& gallery, const cv::drgan::Encoder& encoder, double threshold) {
    cv::Mat embedding;
    fused.fused(embedding);
    std::vector<cv::String> names;
    cv::Mat similarities;
    gallery.search(embedding, 1, names, similarities);
    const std::string before = label;
    const std::string best = names.empty() ? std::string() : names.front();
    const double bestSimilarity = names.empty() ? -1 : similarities.at<float>(0, 0);
    if (!label.empty() && best != label && gallery.contains(label)) {
        cv::Mat known;
        double total = 0;
        int images = 0;
        gallery.person(label, known, total, images);
        const double own = encoder.match(known, embedding);
        if (own >= threshold - nameSlack && own > bestSimilarity - nameSlack) {
            similarity = own;
            return false;
        }
    }
    const double needed = !label.empty() && best == label ? threshold - nameSlack : threshold;
    const bool matches = !best.empty() && bestSimilarity >= needed;
    label = matches ? best : std::string();
    similarity = matches ? bestSimilarity : 0;
    return label != before;
}

TrackInfo describe(const Track& track, const Identity& identity) {
    TrackInfo info;
    info.id = track.id;
    info.box = track.face.box;
    info.firstSeen = track.firstSeen;
    info.lastSeen = track.lastSeen;
    info.score = track.face.score;
    info.yaw = track.face.yaw;
    info.confidence = identity.confidence;
    info.images = identity.fused.size();
    info.totalConfidence = identity.fused.totalConfidence();
    info.key = track.key;
    info.slot = track.fresh ? track.face.externalSlot : -1;
    if (!identity.nameless) {
        info.label = identity.label;
        info.similarity = identity.similarity;
    }
    if (info.images > 0) {
        identity.fused.fused(info.embedding);
    }
    info.crop = identity.crop;
    info.frontal = identity.frontal;
    return info;
}

}  // namespace drgan
