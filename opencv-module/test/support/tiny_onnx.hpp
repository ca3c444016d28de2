// SPDX-License-Identifier: Apache-2.0
//
// Tiny encoders, decoders, aligners and detectors that follow the model contract, so that tests need no trained model.
// Their weights are random but the same on every machine; the embedding, the confidence and the face depend on the
// input.
//
//     drgan_test::TempDir dir;
//     const std::string bundle = drgan_test::writeTinyBundle(dir.path() + "/bundle");          // valid
//     drgan_test::TinyOptions options;
//     options.bundleId = "other";                            // or sizes, poses, metadata, faults: see below
//     const std::vector<unsigned char> bytes = drgan_test::tinyEncoder(options);
//     auto encoder = cv::drgan::Encoder::create(bytes);

#ifndef DRGAN_TESTS_SUPPORT_TINY_ONNX_HPP
#define DRGAN_TESTS_SUPPORT_TINY_ONNX_HPP

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace drgan_test {

/// The models are written in the forms that drgan-export writes (training/export/onnx_forms.hpp).
struct TinyOptions {
    int imageSize = 16;           ///< S, a multiple of 4
    int embeddingSize = 8;        ///< Nf
    int noiseSize = 4;            ///< Nz
    bool withAppearance = false;  ///< the encoder gives an appearance of Nz values
    std::vector<float> poseYaws = {-90, -45, 0, 45, 90};
    std::string bundleId = "tiny";
    float alignEyes[2] = {0.5f, 0.461f};
    float alignEyeMouth = 0.363f;
    float matchThreshold = 0.4f;
    std::vector<std::pair<double, float>> thresholds;  ///< false-match rate and cosine; empty: the manifest has none
    bool withAligner = false;                          ///< the bundle has aligner.onnx
    float cropFactor = 1.8f;
    std::vector<float> landmarks;  ///< constant output of the aligner, 10 values; empty: it locates the coloured dots
    bool withDetector = false;     ///< the bundle has detector.onnx
    std::vector<float> detectorBox = {0, 0, 1.25f, 1.25f};  ///< constant box_s of all cells of the detector
    std::vector<float> detectorLandmarks =                  ///< constant landmarks_s
        {-0.5f, -0.5f, 0.5f, -0.5f, 0, 0, -0.4f, 0.5f, 0.4f, 0.5f};
    unsigned seed = 1;        ///< of the weights
    bool namedBatch = false;  ///< the batch axis is named N, as in files of earlier versions of drgan-export

    // Faults. Metadata keys and tensor names are those of model_contract.hpp.
    std::map<std::string, std::string> metadata;          ///< replaces or adds keys
    std::set<std::string> withoutMetadata;                ///< leaves keys out
    std::set<std::string> twiceMetadata;                  ///< writes keys a second time
    std::map<std::string, std::vector<int64_t>> declare;  ///< declared shape of an input or output; -1: symbolic
    std::map<std::string, std::string> rename;            ///< gives an input or output another name
    int elementType = 1;                                  ///< declared type of inputs and outputs; 1: float
    bool externalData = false;                            ///< the first weight is declared to be in another file
    bool shortData = false;                               ///< the first weight has fewer bytes than its dimensions say
    bool nanWeights = false;                              ///< the last layer's weights are NaN
};

/// The bytes of encoder.onnx: Conv, Relu, Conv, Relu, GlobalAveragePool, Flatten, Gemm (+ Sigmoid for the confidence;
/// + Tanh for the appearance, of the mean colour).
std::vector<unsigned char> tinyEncoder(const TinyOptions& options = {});
/// The bytes of decoder.onnx: Concat, Gemm, Reshape, Resize, Add, Concat, Resize, Conv, Tanh.
std::vector<unsigned char> tinyDecoder(const TinyOptions& options = {});

/// The bytes of aligner.onnx: Conv, Relu, Conv, Reshape, Softmax, Flatten and Gemm (+ Sigmoid for the score). It
/// locates the centroids of red, green and blue in the crop: the eyes are 0.05 of its side to the left and to the right
/// of the red one, the nose is at the green one, and the mouth corners are likewise beside the blue one. The yaw, in
/// units of 90 degrees, is the distance in crop sides of the nose to the right of the eyes' midpoint. The score grows
/// with brightness. The points of a colour that does not occur are at the centre.
std::vector<unsigned char> tinyAligner(const TinyOptions& options = {});

/// The bytes of detector.onnx: a Conv per output (+ Sigmoid for the scores). A cell sees only the pixel at its
/// position: red is a face for the map of stride 8, green for 16, blue for 32, with a score that grows with brightness
/// (from two thirds on); anything else is not a face.
std::vector<unsigned char> tinyDetector(const TinyOptions& options = {});

/// The text of manifest.json for models of these sizes in bytes.
/// @param alignerBytes, detectorBytes 0: there is no aligner.onnx or detector.onnx
std::string tinyManifest(const TinyOptions& options, size_t encoderBytes, size_t decoderBytes, size_t alignerBytes = 0,
                         size_t detectorBytes = 0);

/// Creates the folder (and its parents) and writes a complete bundle. @return `folder`
std::string writeTinyBundle(const std::string& folder, const TinyOptions& options = {});

void writeFile(const std::string& path, const std::vector<unsigned char>& bytes);
void writeFile(const std::string& path, const std::string& text);

/// A new folder in the system's temporary folder, removed with its content by the destructor.
class TempDir {
public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace drgan_test

#endif
