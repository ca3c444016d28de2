// SPDX-License-Identifier: Apache-2.0
//
// Checks a model against drgan/model_contract.hpp and reads the values in its metadata.

#ifndef OPENCV_DRGAN_CONTRACT_HPP
#define OPENCV_DRGAN_CONTRACT_HPP

#include <string>
#include <vector>

#include "onnx_metadata.hpp"
#include "precomp.hpp"

namespace cv {
namespace drgan {

/// Values in the metadata of every model.
struct ModelContract {
    std::string bundleId;
    int imageSize = 0;    ///< S, pixels
    float pixelLow = 0;   ///< value of byte 0
    float pixelHigh = 0;  ///< value of byte 255
};

struct EncoderContract : ModelContract {
    int embeddingSize = 0;   ///< Nf
    int appearanceSize = 0;  ///< Nz; 0: no appearance
    Alignment alignment;
};

struct DecoderContract : ModelContract {
    int embeddingSize = 0;        ///< Nf
    std::vector<float> poseYaws;  ///< degrees, ascending
    int noiseSize = 0;            ///< Nz
};

struct AlignerContract : ModelContract {
    float cropFactor = 0;  ///< the crop's side in units of the larger side of the face's box
};

/// imageSize is the side of the largest face that it detects.
struct DetectorContract : ModelContract {};

/// @param where names the model in messages
/// @throws cv::Exception naming the model, the key or tensor, what was found and what was expected
EncoderContract checkEncoder(const OnnxMetadata& model, const std::string& where);
DecoderContract checkDecoder(const OnnxMetadata& model, const std::string& where);
AlignerContract checkAligner(const OnnxMetadata& model, const std::string& where);
DetectorContract checkDetector(const OnnxMetadata& model, const std::string& where);

/// @throws cv::Exception if `encoder` is not null and has another bundle id
void checkSameBundle(const ModelContract& model, const std::string& where, const Ptr<Encoder>& encoder);

/// Reads a list of finite numbers in the C locale ("-90,0,90"). @return false if the text is anything else
bool parseNumbers(const std::string& text, std::vector<float>& numbers);

/// @return whether there is at least one yaw, and all are within [-180, 180] and strictly ascending
bool validPoseYaws(const std::vector<float>& yaws);

}  // namespace drgan
}  // namespace cv

#endif
