// SPDX-License-Identifier: Apache-2.0
//
// Tiny encoders, decoders, aligners and detectors that obey the model contract, so that tests need no trained model.
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
    int imageSize = 16;     ///< S, a multiple of 4
    int embeddingSize = 8;  ///< Nf
    int noiseSize = 4;      ///< Nz
    std::vector<float> poseYaws = {-90, -45, 0, 45, 90};
    std::string bundleId = "tiny";
    float alignEyes[2] = {0.5f, 0.461f};
    float alignEyeMouth = 0.363f;
    float matchThreshold = 0.4f;
    std::vector<std::pair<double, float>> thresholds;  ///< false-match rate and cosine; empty: the manifest has none
    bool withAligner = false;  ///< the bundle has aligner.onnx
    float cropFactor = 1.8f;
    std::vector<float> landmarks;  ///< what the aligner always finds, 10 values; empty: it looks for the coloured dots
    bool withDetector = false;     ///< the bundle has detector.onnx
    std::vector<float> detectorBox = {0, 0, 1.25f, 1.25f};  ///< what every cell of the detector says: box_s
    std::vector<float> detectorLandmarks =                  ///< and landmarks_s
        {-0.5f, -0.5f, 0.5f, -0.5f, 0, 0, -0.4f, 0.5f, 0.4f, 0.5f};
    unsigned seed = 1;        ///< of the weights
    bool namedBatch = false;  ///< the batch axis is called N, as drgan-export once wrote it

    // Faults. Metadata keys and tensor names are those of model_contract.hpp.
    std::map<std::string, std::string> metadata;          ///< replaces or adds keys
    std::set<std::string> withoutMetadata;                ///< leaves keys out
    std::set<std::string> twiceMetadata;                  ///< writes keys a second time
    std::map<std::string, std::vector<int64_t>> declare;  ///< shape that an input or output claims; -1: symbolic
    std::map<std::string, std::string> rename;            ///< gives an input or output another name
    int elementType = 1;                                  ///< that inputs and outputs claim; 1: float
    bool externalData = false;                            ///< the first weight claims to be in another file
    bool shortData = false;                               ///< the first weight has fewer bytes than its dimensions say
    bool nanWeights = false;                              ///< the last layer's weights are NaN
};

/// The bytes of encoder.onnx: Conv, Relu, Conv, Relu, GlobalAveragePool, Flatten, Gemm (+ Sigmoid for the confidence).
std::vector<unsigned char> tinyEncoder(const TinyOptions& options = {});
/// The bytes of decoder.onnx: Concat, Gemm, Reshape, Resize, Add, Concat, Resize, Conv, Tanh.
std::vector<unsigned char> tinyDecoder(const TinyOptions& options = {});

/// The bytes of aligner.onnx: Conv, Relu, Conv, Reshape, Softmax, Flatten and Gemm (+ Sigmoid for the score). It finds
/// the centroid of what is red, green and blue in the crop: both eyes, 0.05 of its side to the left and to the right of
/// the red; the nose on the green; the mouth's corners likewise beside the blue. Yaw (in units of 90 degrees): by how
/// much, in crop sides, the nose is to the right of the eyes' middle. The score grows with brightness. Where one of the
/// colours is nowhere, its points are in the middle.
std::vector<unsigned char> tinyAligner(const TinyOptions& options = {});

/// The bytes of detector.onnx: a Conv per output (+ Sigmoid for the scores). A cell looks at the one pixel that it lies
/// at: red is a face for the map of stride 8, green for that of 16, blue for that of 32, the surer the brighter (from
/// two thirds on), and anything else is none.
std::vector<unsigned char> tinyDetector(const TinyOptions& options = {});

/// The text of manifest.json for models of these sizes in bytes.
/// @param alignerBytes, detectorBytes 0: without aligner.onnx, without detector.onnx
std::string tinyManifest(const TinyOptions& options, size_t encoderBytes, size_t decoderBytes, size_t alignerBytes = 0,
                         size_t detectorBytes = 0);

/// Makes the folder (and its parents) and writes a whole bundle. @return `folder`
std::string writeTinyBundle(const std::string& folder, const TinyOptions& options = {});

void writeFile(const std::string& path, const std::vector<unsigned char>& bytes);
void writeFile(const std::string& path, const std::string& text);

/// A folder of its own under the system's temporary folder, removed with all that is in it at the end.
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
