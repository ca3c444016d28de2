// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "aligner/batches.hpp"
#include "detector/batches.hpp"
#include "dr_gan/batches.hpp"

namespace drgan::train {

enum class Stage {
    Encoder,  ///< the encoder alone, from identity templates
    Decoder,  ///< the decoder (and discriminator) with the encoder frozen
    Joint,    ///< all three under the DR-GAN losses
    Aligner,  ///< the network that finds landmarks and yaw in a loose crop, by itself
    Detector  ///< the network that finds faces in a picture, by itself
};

/// Everything that a run depends on. `drgan-train --help` says what each does; the run's folder keeps the values.
struct Options {
    Stage stage = Stage::Encoder;
    std::string faces, run, start;
    bool resume = false;

    std::string encoder = "casia";  // or onnx:FILE
    double encoderWidth = 1.0;
    int embeddingSize = 320;
    std::string onnxOrder = "BGR";
    std::vector<double> onnxMean{127.5}, onnxScale{127.5};
    std::string blend;  // checkpoint or onnx:FILE
    double blendShare = 0.15;
    std::string decoder = "casia";  // or basis, or a checkpoint
    double decoderWidth = 1.0;
    int decoderFcChannels = 0;
    int noiseSize = 50;
    std::string upsampling = "resize";  // or fconv
    double discriminatorWidth = 1.0;
    std::string discriminatorForm = "cvpr";  // tpami or patch
    bool discriminatorGrey = false, judgeGrey = false;

    int64_t steps = 1000;
    double learningRate = 2.5e-4, discriminatorRate = 2e-4;
    int64_t warmup = 100;
    double weightDecay = 1e-4, averaging = 0.999;
    int frozenLayers = 0;
    bool confidenceOnly = false;
    int generatorSteps = 4;
    double strongDiscriminator = 0.9;
    BatchOptions batch;
    std::string codes;       // file
    int codesPerPerson = 8;  // with that file

    double templateWeight = 1, marginWeight = 0.3, marginScale = 24, margin = 0.2, holdWeight = 0, holdYaw = 20,
           pairWeight = 0, mirrorWeight = 0, sourceWeight = 0;
    double reconstructionWeight = 10, identityWeight = 1, perceptualWeight = 0, adversarialWeight = 0,
           encoderWeight = 1;

    CropOptions crops;  // of the aligner
    double alignerWidth = 1, widenAligner = 0, landmarkWeight = 1, yawWeight = 1, scoreWeight = 0.5;

    std::string backgrounds, validationBackgrounds;  // folders of photographs, for detector and aligner
    std::string falseFinds;                          // detector's checkpoint, for the aligner
    SceneOptions scenes;                             // of the detector
    double detectorWidth = 1, boxWeight = 2;

    double checkpointMinutes = 5;
    int64_t evaluateEvery = 250, logEvery = 10;
    int keep = 3;
    int threads = 2;
    std::string device = "cpu", precision = "float32";  // or bf16
};

/// Reads the command line (and the TOML file that --config names). Exits with a message where it is wrong.
Options parseOptions(int argc, char** argv, std::string& resolvedConfig);

}  // namespace drgan::train
