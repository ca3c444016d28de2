// SPDX-License-Identifier: Apache-2.0

#include "embedder.hpp"

#include <algorithm>
#include <stdexcept>

namespace drgan::eval {

namespace {

class BundleEmbedder : public Embedder {
public:
    explicit BundleEmbedder(const cv::drgan::Bundle& bundle) : encoder_(cv::drgan::Encoder::create(bundle.encoder)) {}

    cv::drgan::Alignment alignment() const override { return encoder_->alignment(); }
    Encoding encode(const cv::Mat& aligned) override {
        Encoding encoding;
        cv::Mat confidence;
        encoder_->featuresAndAppearances(std::vector<cv::Mat>{aligned}, encoding.embedding, confidence,
                                         encoding.appearance);
        encoding.confidence = confidence.at<float>(0);
        return encoding;
    }

private:
    cv::Ptr<cv::drgan::Encoder> encoder_;
};

class RecognizerEmbedder : public Embedder {
public:
    RecognizerEmbedder(const std::string& model, const data::RecognizerInput& input, cv::drgan::Alignment alignment)
        : recognizer_(model, input), alignment_(alignment) {
        alignment_.size = input.size;
    }

    cv::drgan::Alignment alignment() const override { return alignment_; }
    Encoding encode(const cv::Mat& aligned) override { return {recognizer_.embed(aligned), 1, {}}; }

private:
    data::Recognizer recognizer_;
    cv::drgan::Alignment alignment_;
};

}  // namespace

cv::Mat Embedder::align(const cv::Mat& picture, const cv::Mat& face) const {
    const cv::drgan::Alignment wanted = alignment();
    if (face.empty()) {
        if (picture.cols != wanted.size || picture.rows != wanted.size) {
            throw std::runtime_error("an aligned face is " + std::to_string(picture.cols) + "x" +
                                     std::to_string(picture.rows) + ", the network takes " +
                                     std::to_string(wanted.size) + "x" + std::to_string(wanted.size));
        }
        return picture;
    }
    cv::Mat aligned;
    cv::drgan::alignCrop(picture, face, aligned, wanted);
    return aligned;
}

cv::Mat Embedder::embed(const cv::Mat& aligned, const Encoding& known, bool mirror) {
    cv::Mat sum = known.embedding.clone();
    if (mirror) {
        cv::Mat mirrored;
        cv::flip(aligned, mirrored, 1);
        sum += encode(mirrored).embedding;
    }
    return data::unit(sum);
}

cv::Mat Embedder::embed(const cv::Mat& picture, const cv::Mat& face, bool mirror) {
    const cv::Mat aligned = align(picture, face);
    return embed(aligned, encode(aligned), mirror);
}

std::unique_ptr<Embedder> embedBundle(const cv::drgan::Bundle& bundle) {
    return std::make_unique<BundleEmbedder>(bundle);
}

std::unique_ptr<Embedder> embedRecognizer(const std::string& model, const data::RecognizerInput& input,
                                          cv::drgan::Alignment alignment) {
    return std::make_unique<RecognizerEmbedder>(model, input, alignment);
}

cv::Mat middleBox(cv::Size picture) {
    constexpr double share = 0.55;  // of the shorter side
    const double side = share * std::min(picture.width, picture.height);
    return (cv::Mat_<float>(1, 4) << (picture.width - side) / 2, (picture.height - side) / 2, side, side);
}

}  // namespace drgan::eval
