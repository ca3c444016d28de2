// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <vector>

/// A bundle with random weights, written by the trainer's exporter, and the same networks in LibTorch.
/// (No Torch header here: Torch and GStreamer each have their own translation unit.)
class LiveBundle {
public:
    enum class Kind {
        Casia,    ///< the paper's encoder, batch normalisation folded on export, and the paper's decoder
        Imported  ///< a PReLU network read from ONNX, and the basis decoder
    };
    LiveBundle(Kind kind, const std::string& folder);
    ~LiveBundle();

    /// Runs the encoder in LibTorch on aligned BGR pictures: embeddings [n,Nf] and confidences [n,1].
    std::pair<cv::Mat, cv::Mat> encode(const std::vector<cv::Mat>& aligned) const;
    /// Runs the decoder in LibTorch with zero noise: BGR, 8-bit.
    cv::Mat decode(const cv::Mat& embedding, int pose) const;

    static constexpr int imageSize = 32, embeddingSize = 16, noiseSize = 5;

private:
    struct Networks;
    std::unique_ptr<Networks> networks_;
};
