// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>
#include <opencv2/core.hpp>
#include <opencv2/drgan.hpp>
#include <string>

#include "data/recognizer.hpp"

namespace drgan::eval {

/// What is evaluated: something that turns a picture with a face into a unit embedding.
class Embedder {
public:
    virtual ~Embedder() = default;

    struct Encoding {
        cv::Mat embedding;        ///< 1xNf CV_32F, not normalised
        float confidence = 1;     ///< 1 for recognisers, which give none
        cv::Mat appearance = {};  ///< 1xNz CV_32F; empty: the network gives none
    };

    /// Where the two points lie in an aligned face, and its side.
    virtual cv::drgan::Alignment alignment() const = 0;

    /// @param picture BGR, 8-bit
    /// @param face as cv::drgan::alignCrop takes it; empty: the picture is an aligned face
    /// @throws std::runtime_error for an aligned face of another size, naming both
    cv::Mat align(const cv::Mat& picture, const cv::Mat& face) const;

    /// What the network says of one aligned face.
    virtual Encoding encode(const cv::Mat& aligned) = 0;

    /// @param mirror adds the embedding of the aligned face's mirror image
    /// @return 1xNf CV_32F of unit norm
    cv::Mat embed(const cv::Mat& picture, const cv::Mat& face, bool mirror);
    /// The same from the encoding of the aligned face, when that is known already.
    cv::Mat embed(const cv::Mat& aligned, const Encoding& encoding, bool mirror);
};

/// A bundle's encoder, as every program runs it.
std::unique_ptr<Embedder> embedBundle(const cv::drgan::Bundle& bundle);

/// Any recogniser, aligned by the same two points at its own input size.
std::unique_ptr<Embedder> embedRecognizer(const std::string& model, const data::RecognizerInput& input,
                                          cv::drgan::Alignment alignment);

/// The box (1x4) that stands in for a face that no detector finds: the picture's middle.
cv::Mat middleBox(cv::Size picture);

}  // namespace drgan::eval
