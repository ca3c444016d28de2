// SPDX-License-Identifier: Apache-2.0

#include "recognizer.hpp"

#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "onnx.hpp"

namespace drgan::data {

namespace {

std::vector<double> perChannel(const std::string& what, const std::vector<double>& values) {
    if (values.size() != 1 && values.size() != 3) {
        throw std::runtime_error(what + ": " + std::to_string(values.size()) + " numbers, expected one or three");
    }
    return values.size() == 3 ? values : std::vector<double>(3, values[0]);
}

// Where the five points lie in ArcFace's 112x112 faces (insightface's arcface_dst).
constexpr float arcfaceSide = 112;
constexpr float arcfacePoints[5][2] = {
    {38.2946F, 51.6963F}, {73.5318F, 51.5014F}, {56.0252F, 71.7366F}, {41.5493F, 92.3655F}, {70.7299F, 92.2041F}};

}  // namespace

cv::Mat alignFivePoint(const cv::Mat& picture, const Landmarks& landmarks, int size) {
    cv::Point2d fromMiddle, toMiddle;
    Landmarks to;
    for (size_t i = 0; i < to.size(); ++i) {
        to[i] = cv::Point2f(arcfacePoints[i][0], arcfacePoints[i][1]) * (static_cast<float>(size) / arcfaceSide);
        fromMiddle += cv::Point2d(landmarks[i]) / 5;
        toMiddle += cv::Point2d(to[i]) / 5;
    }
    // As complex numbers: the a of the least sum |a (from - fromMiddle) - (to - toMiddle)|^2.
    cv::Point2d a;
    double spread = 0;
    for (size_t i = 0; i < to.size(); ++i) {
        const cv::Point2d p = cv::Point2d(landmarks[i]) - fromMiddle, q = cv::Point2d(to[i]) - toMiddle;
        a += cv::Point2d(p.dot(q), p.cross(q));
        spread += p.dot(p);
    }
    a /= spread;
    if (!(spread > 0) || !(cv::norm(a) > 0)) {
        throw std::runtime_error("the landmarks give no place to align to");
    }
    cv::Matx23d warp(a.x, -a.y, toMiddle.x - a.x * fromMiddle.x + a.y * fromMiddle.y,  //
                     a.y, a.x, toMiddle.y - a.y * fromMiddle.x - a.x * fromMiddle.y);
    cv::Mat aligned;
    cv::warpAffine(picture, aligned, warp, cv::Size(size, size), cv::INTER_LINEAR, cv::BORDER_CONSTANT);
    return aligned;
}

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
    if (input.size < 1) {
        throw std::runtime_error(model + ": the input size is " + std::to_string(input.size) + ", expected at least 1");
    }
    input_.mean = perChannel(model + ": mean", input.mean);
    input_.scale = perChannel(model + ": scale", input.scale);
    for (const double scale : input_.scale) {
        if (!(scale > 0)) {
            throw std::runtime_error(model + ": a scale is " + std::to_string(scale) + ", expected a positive number");
        }
    }
    try {
        net_ = readOnnx(model);
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
    cv::Mat blob = cv::dnn::blobFromImage(aligned, 1, cv::Size(),
                                          cv::Scalar(input_.mean[0], input_.mean[1], input_.mean[2]), input_.rgb);
    for (int channel = 0; channel < 3; ++channel) {
        cv::Mat plane(aligned.size(), CV_32F, blob.ptr<float>(0, channel));
        plane *= 1 / input_.scale[channel];
    }
    net_.setInput(blob);
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
