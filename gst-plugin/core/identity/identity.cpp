// SPDX-License-Identifier: Apache-2.0
#include "identity.hpp"

#include <algorithm>
#include <cmath>

namespace drgan {
namespace {

constexpr double redrawCosine = 0.98;
constexpr float leastOfTurned = 0.1F;  // weight of a profile's appearance beside that of a frontal face: it shows half

/// How much a picture's appearance counts: a frontal, sharp and large one shows light and colours best.
float appearanceWeight(const Picture& picture) {
    const float frontal = std::max(leastOfTurned, std::cos(picture.yaw * static_cast<float>(CV_PI / 180)));
    return picture.confidence * picture.quality * frontal;
}

/// The cosine of an embedding to a person, and the number of the person's pictures.
/// @return false if there is no such person: other threads may remove people meanwhile
bool compare(const cv::Mat& embedding, const cv::drgan::Gallery& gallery, const cv::drgan::Encoder& encoder,
             const std::string& name, double& cosine, int& images) {
    cv::Mat known;
    double total = 0;
    try {
        gallery.person(name, known, total, images);
    } catch (const cv::Exception& e) {
        if (e.code == cv::Error::StsObjectNotFound) {
            return false;
        }
        throw;
    }
    cosine = encoder.match(known, embedding);
    return true;
}

/// @param name, similarity the earlier result, which is kept as far as nameSlack reaches; receive the new one
void identify(const cv::drgan::Template& fused, const cv::drgan::Gallery& gallery, const cv::drgan::Encoder& encoder,
              const cv::drgan::NamingRule& rule, std::string& name, double& similarity) {
    cv::Mat embedding;
    fused.fused(embedding);
    const cv::drgan::Identification found = gallery.identify(embedding, rule, fused.size());
    double own = 0;
    int images = 0;
    if (!name.empty() && compare(embedding, gallery, encoder, name, own, images)) {
        const double threshold = gallery.namingThreshold(rule, fused.size(), images);
        if (own >= threshold - Identity::nameSlack && own > found.similarity - Identity::nameSlack) {
            similarity = own;
            return;
        }
    }
    name = found.name;
    similarity = name.empty() ? 0 : found.similarity;
}

}  // namespace

void Identity::add(const Picture& picture) {
    fused.add(picture.embedding, picture.confidence);
    if (!picture.appearance.empty()) {
        appearance.add(picture.appearance, appearanceWeight(picture));
    }
}

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
    cv::Mat look;
    if (appearance.size() > 0) {
        appearance.fused(look);
    } else if (encoder.appearanceSize() > 0) {
        encoder.appearance(crop, look);  // no view was wanted when the pictures were encoded
    }
    decoder.rotate(embedding, yaw, face, look);
    frontal = face;
    drawnFrom_ = embedding;
    drawnTotal_ = fused.totalConfidence();
    drawnYaw_ = yaw;
    return true;
}

bool Identity::match(const cv::drgan::Gallery& gallery, const cv::drgan::Encoder& encoder,
                     const cv::drgan::NamingRule& rule) {
    nameDue = false;
    const std::string before = label;
    identify(fused, gallery, encoder, rule, label, similarity);
    return label != before;
}

void Identity::matchVisitor(const cv::drgan::Gallery& visitors, const cv::drgan::Encoder& encoder,
                            const cv::drgan::NamingRule& rule) {
    identify(fused, visitors, encoder, rule, visitor, visitorSimilarity);
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
        info.visitor = identity.label.empty() ? identity.visitor : "";
    }
    if (info.images > 0) {
        identity.fused.fused(info.embedding);
    }
    info.crop = identity.crop;
    info.frontal = identity.frontal;
    return info;
}

}  // namespace drgan
