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

bool Identity::match(const cv::drgan::Gallery& gallery, const cv::drgan::Encoder& encoder,
                     const cv::drgan::NamingRule& rule) {
    cv::Mat embedding;
    fused.fused(embedding);
    const cv::drgan::Identification found = gallery.identify(embedding, rule, fused.size());
    if (!label.empty() && gallery.contains(label)) {
        cv::Mat known;
        double total = 0;
        int images = 0;
        gallery.person(label, known, total, images);
        const double own = encoder.match(known, embedding);
        const double threshold = gallery.namingThreshold(rule, fused.size(), images);
        if (own >= threshold - nameSlack && own > found.similarity - nameSlack) {
            similarity = own;
            return false;
        }
    }
    const std::string before = label;
    label = found.name;
    similarity = label.empty() ? 0 : found.similarity;
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
