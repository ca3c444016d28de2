// SPDX-License-Identifier: Apache-2.0
//
// Any ONNX face recogniser, as a teacher (drgan-data) or as a baseline (drgan-eval).

#pragma once

#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>
#include <string>
#include <vector>

#include "labels.hpp"

namespace drgan::data {

/// How a recogniser wants its input: value = (pixel - mean) / scale, channels in `rgb` order. Mean and scale are one
/// number, or one per channel in that order.
struct RecognizerInput {
    bool rgb = false;  ///< else BGR
    std::vector<double> mean = {127};
    std::vector<double> scale = {128};
    int size = 112;  ///< pixels a side
};

/// "BGR" or "RGB" as RecognizerInput::rgb. @throws std::runtime_error for another text.
bool parseChannelOrder(const std::string& order);

/// The face as recognisers of the ArcFace family want it: the similarity that takes its five landmarks to their places
/// with the least squares; black outside the picture.
/// @param picture BGR, 8-bit
/// @return size x size
cv::Mat alignFivePoint(const cv::Mat& picture, const Landmarks& landmarks, int size);

/// One object serves one thread at a time.
class Recognizer {
public:
    /// @throws std::runtime_error naming the file if it cannot be loaded.
    Recognizer(const std::string& model, const RecognizerInput& input);

    int imageSize() const { return input_.size; }

    /// The network's output for one aligned face.
    /// @param aligned size x size BGR, 8-bit
    /// @return 1xNt CV_32F, not normalised
    /// @throws std::runtime_error if the face has another size or the output is not finite.
    cv::Mat embed(const cv::Mat& aligned);

    /// The sum of the face's and its mirror image's embeddings, of unit norm.
    cv::Mat embedMirrored(const cv::Mat& aligned);

private:
    std::string model_;
    RecognizerInput input_;
    cv::dnn::Net net_;
};

/// v / |v|. @throws std::runtime_error if |v| is zero or not finite.
cv::Mat unit(const cv::Mat& vector);

}  // namespace drgan::data
