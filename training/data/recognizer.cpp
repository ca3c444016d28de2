// SPDX-License-Identifier: Apache-2.0

#include "recognizer.hpp"

#include <cmath>
#include <stdexcept>

namespace drgan::data {

bool parseChannelOrder(const std::string& order) {
    if (order != "BGR" && order != "RGB") {
        throw std::runtime_error("the channel order is '" + order + "', expected BGR or RGB");
    }
    return order == "RGB";
}

cv::Mat unit(const cv::Mat& vector) {
    const double norm = cv::norm(vector);
    if (!std::isfinite(norm) || norm <= 0) {
        throw std::runtime_error("an embedding has the norm " + std::to_string(norm));
    }
    return vector / norm;
}

Recognizer::Recognizer(const std::string& model, const RecognizerInput& input) : model_(model), input_(input) {
    if (input.size < 1 || !(input.scale > 0)) {
        throw std::runtime_error(model + ": input size and scale must be positive");
    }
    try {
        net_ = cv::dnn::readNetFromONNX(model);
    } catch (const cv::Exception& error) {
        throw std::runtime_error(model + ": cannot load the recogniser: " + error.what());
    }
}

cv::Mat Recognizer::embed(const cv::Mat& aligned) {
    if (aligned.size() != cv::Size(input_.size, input_.size) || aligned.type() != CV_8UC3) {
        throw std::runtime_error(model_ + ": the face is " + std::to_string(aligned.cols) + "x" +
                                 std::to_string(aligned.rows) + ", expected " + std::to_string(input_.size) +
                                 " a side");
    }
    net_.setInput(
        cv::dnn::blobFromImage(aligned, 1 / input_.scale, cv::Size(), cv::Scalar::all(input_.mean), input_.rgb));
    const cv::Mat output = net_.forward();
    if (!cv::checkRange(output)) {
        throw std::runtime_error(model_ + ": the embedding is not finite");
    }
    return output.reshape(1, 1).clone();  // the network reuses its buffer
}

cv::Mat Recognizer::embedMirrored(const cv::Mat& aligned) {
    cv::Mat mirrored;
    cv::flip(aligned, mirrored, 1);
    return unit(embed(aligned) + embed(mirrored));
}

}  // namespace drgan::data
