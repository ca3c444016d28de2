// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dr_gan/batches.hpp"
#include "run/options.hpp"

namespace drgan::train {

enum class Stage {
    Encoder,  ///< only the encoder, towards identity templates
    Decoder,  ///< the decoder (and discriminator) with the encoder frozen
    Joint     ///< all three with the DR-GAN losses
};

/// Options of a run of encoder, decoder or both.
struct DrGanOptions : RunOptions {
    Stage stage = Stage::Encoder;

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
    bool appearance = false;
    std::string upsampling = "resize";  // or fconv
    double discriminatorWidth = 1.0;
    std::string discriminatorForm = "cvpr";  // tpami or patch
    bool discriminatorGrey = false, judgeGrey = false;

    double discriminatorRate = 2e-4;
    int frozenLayers = 0;
    bool confidenceOnly = false;
    int generatorSteps = 4;
    double strongDiscriminator = 0.9;
    BatchOptions batch;
    std::string storedEmbeddings;  // file of embeddings
    int storedPerPerson = 8;       // in that file

    double templateWeight = 1, marginWeight = 0.3, marginScale = 24, margin = 0.2, holdWeight = 0, holdYaw = 20,
           pairWeight = 0, mirrorWeight = 0, sourceWeight = 0;
    double reconstructionWeight = 10, identityWeight = 1, perceptualWeight = 0, adversarialWeight = 0,
           encoderWeight = 1;
};

}  // namespace drgan::train
