// SPDX-License-Identifier: Apache-2.0
#include "models.hpp"

namespace drgan {
namespace {

// What is no face is looked at again and again in a stream, too: surer finds than a still's start a track, which is
// then followed however the face turns.
constexpr float leastFind = 0.65F;

cv::Ptr<cv::drgan::FaceFinder> loadFinder(const ModelFiles& files, const cv::drgan::Bundle& bundle,
                                          const Pipeline::Models& models, const Device& d) {
    if (!files.detector.empty() || bundle.detector.empty() || !models.aligner) {
        return cv::drgan::FaceFinder::create(files.detector, bundle.folder, d.backend, d.target);
    }
    const auto detector = cv::drgan::Detector::create(bundle.detector, models.encoder, d.backend, d.target);
    detector->setScoreThreshold(leastFind);
    // The pipeline asks the aligner about each find anyway.
    return cv::drgan::FaceFinder::createFromModels(detector);
}

LoadedModels loadOn(const Device& d, const ModelFiles& files) {
    const auto bundle = cv::drgan::Bundle::load(files.bundle);
    Pipeline::Models models;
    models.encoder = cv::drgan::Encoder::create(bundle.encoder, d.backend, d.target);
    models.decoder = cv::drgan::Decoder::create(bundle.decoder, models.encoder, d.backend, d.target);
    if (!bundle.aligner.empty()) {
        models.aligner = cv::drgan::Aligner::create(bundle.aligner, models.encoder, d.backend, d.target);
    }
    if (files.detects) {
        models.finder = loadFinder(files, bundle, models, d);
    }
    models.matchThreshold = bundle.matchThreshold;
    return {models, bundle.id};
}

}  // namespace

LoadedModels loadModels(const ModelFiles& files, const std::vector<Device>& candidates,
                        const std::function<void(const std::string& why)>& passedOver) {
    for (size_t i = 0; i + 1 < candidates.size(); ++i) {
        try {
            return loadOn(candidates[i], files);
        } catch (const cv::Exception& e) {
            passedOver(e.err.empty() ? e.what() : e.err);
        }
    }
    return loadOn(candidates.back(), files);
}

}  // namespace drgan
