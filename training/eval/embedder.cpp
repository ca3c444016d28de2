// SPDX-License-Identifier: Apache-2.0

#include "embedder.hpp"

#include <algorithm>

namespace drgan::eval {

namespace {

class BundleEmbedder : public Embedder {
public:
    explicit BundleEmbedder(const cv::drgan::Bundle& bundle) : encoder_(cv::drgan::Encoder::create(bundle.encoder)) {}

protected:
    void align(const cv::Mat& picture, const cv::Mat& face, cv::Mat& aligned) const override {
        encoder_->alignCrop(picture, face, aligned);
    }
    Code feature(const cv::Mat& aligned) override {
        Code code;
        encoder_->feature(aligned, code.embedding, code.confidence);
        return code;
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

protected:
    void align(const cv::Mat& picture, const cv::Mat& face, cv::Mat& aligned) const override {
        cv::drgan::alignCrop(picture, face, aligned, alignment_);
    }
    Code feature(const cv::Mat& aligned) override { return {recognizer_.embed(aligned), 1}; }

private:
    data::Recognizer recognizer_;
    cv::drgan::Alignment alignment_;
};

}  // namespace

cv::Mat Embedder::embed(const cv::Mat& picture, const cv::Mat& face, bool mirror) {
    cv::Mat aligned;
    align(picture, face, aligned);
    cv::Mat sum = feature(aligned).embedding;
    if (mirror) {
        cv::Mat mirrored;
        cv::flip(aligned, mirrored, 1);
        sum += feature(mirrored).embedding;
    }
    return data::unit(sum);
}

Embedder::Code Embedder::code(const cv::Mat& picture, const cv::Mat& face) {
    cv::Mat aligned;
    align(picture, face, aligned);
    return feature(aligned);
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
