// SPDX-License-Identifier: Apache-2.0
//
// Pictures of people who do not exist, drawn by the trained bundle in DRGAN_BUNDLE, whose detector detects them.
#ifndef DRGAN_TESTS_GENERATED_FACES_HPP
#define DRGAN_TESTS_GENERATED_FACES_HPP

#include <cstdlib>
#include <fstream>
#include <opencv2/drgan.hpp>
#include <opencv2/imgproc.hpp>
#include <string>

namespace drgan_test {

/// The trained bundle's folder; empty if there is none.
inline std::string trainedBundle() {
    const char* set = std::getenv("DRGAN_BUNDLE");
    return set != nullptr && std::ifstream(std::string(set) + "/detector.onnx") ? set : "";
}

class GeneratedFaces {
public:
    GeneratedFaces() {
        const auto bundle = cv::drgan::Bundle::load(trainedBundle());
        encoder_ = cv::drgan::Encoder::create(bundle.encoder);
        decoder_ = cv::drgan::Decoder::create(bundle.decoder, encoder_);
        const int side = encoder_->alignment().size;
        cv::Mat plain;
        float confidence = 0;
        encoder_->feature(cv::Mat(side, side, CV_8UC3, cv::Scalar::all(128)), plain, confidence);
        length_ = cv::norm(plain);
    }

    /// Draws a person's face into a picture, faded out towards its border. @param side pixels
    void draw(cv::Mat& picture, int person, cv::Point at, int side) const {
        cv::RNG random(static_cast<uint64_t>(person));
        cv::Mat embedding(1, encoder_->embeddingSize(), CV_32F);
        random.fill(embedding, cv::RNG::NORMAL, 0, 1);
        embedding *= length_ / cv::norm(embedding);
        cv::Mat face;
        decoder_->frontalize(embedding, face);
        cv::resize(face, face, {side, side}, 0, 0, cv::INTER_CUBIC);
        cv::Mat mask(side, side, CV_32F, cv::Scalar(0));
        cv::ellipse(mask, {side / 2, side / 2}, {side * 2 / 5, side * 9 / 20}, 0, 0, 360, cv::Scalar(1), cv::FILLED);
        cv::GaussianBlur(mask, mask, {}, side / 24.);
        cv::merge(std::vector<cv::Mat>(3, mask), mask);
        cv::Mat place = picture(cv::Rect(at, face.size()));
        cv::Mat below;
        place.convertTo(below, CV_32FC3);
        face.convertTo(face, CV_32FC3);
        cv::Mat(below.mul(cv::Scalar::all(1) - mask) + face.mul(mask)).convertTo(place, CV_8UC3);
    }

    /// A picture of one person. @param person a seed
    cv::Mat picture(int person) const {
        cv::Mat out(360, 480, CV_8UC3, cv::Scalar(150, 140, 120));
        draw(out, person, {130, 70}, 220);
        return out;
    }

    const cv::Ptr<cv::drgan::Encoder>& encoder() const { return encoder_; }

private:
    cv::Ptr<cv::drgan::Encoder> encoder_;
    cv::Ptr<cv::drgan::Decoder> decoder_;
    double length_ = 0;
};

}  // namespace drgan_test

#endif
