// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "nn/graph/graph.hpp"

namespace drgan::nn {

struct EncoderSpec {
    int64_t imageSize = 96;       ///< S, a multiple of 16
    int64_t embeddingSize = 320;  ///< Nf
    double width = 1.0;           ///< scales the channels of every layer but the last
};

struct DecoderSpec {
    int64_t imageSize = 96;
    int64_t embeddingSize = 320;
    int64_t poses = 13;      ///< Np
    int64_t noiseSize = 50;  ///< Nz
    double width = 1.0;
    int64_t fcChannels = 0;   ///< channels of the S/16 map that the FC gives; 0: 320 x width, as in the paper
    bool transposed = false;  ///< upsample by transposed convolution (the paper) instead of resize + convolution
    bool appearance = false;  ///< the noise input takes an appearance code (see appearanceNetwork)
};

/// A decoder that learns in minutes what the paper's needs days for. Identity and pose, mixed by one hidden layer, are
/// the coefficients of a learned basis of whole pictures at S/2, as eigenfaces are; convolutions draw the details from
/// that picture and from the code. The basis costs little, so it can see every face many times before the details
/// begin. Outputs face and, for training, face_S/2 (only the basis) by its side.
Graph basisDecoder(const DecoderSpec& spec);

/// What the discriminator says of a face.
enum class DiscriminatorForm {
    Cvpr,   ///< Nd+1 identities, the last for "generated", and Np poses (CVPR 2017, eq. 1-3)
    Tpami,  ///< separate heads for real or generated, Nd identities and Np poses (TPAMI 2018)
    Patch   ///< real or generated for each place of the picture, and nothing else: a judge of texture (Isola et al.,
            ///< "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017, section 3.2.2)
};
/// @param name cvpr, tpami or patch; @throw std::invalid_argument for another
DiscriminatorForm discriminatorForm(const std::string& name);

struct DiscriminatorSpec {
    int64_t imageSize = 96;
    int64_t identities = 1;  ///< Nd
    int64_t poses = 13;      ///< Np
    double width = 1.0;
    DiscriminatorForm form = DiscriminatorForm::Cvpr;
};

/// Image [N,3,S,S] -> appearance [N,size] in [-1,1]: light, colours, hair and whatever else of a picture is neither
/// identity nor pose. The decoder takes it for its noise.
Graph appearanceNetwork(int64_t imageSize, int64_t size);

/// The paper's encoder (table 1): image -> embedding, confidence.
Graph casiaEncoder(const EncoderSpec& spec);
/// The paper's decoder (table 1): embedding, pose, noise -> face.
Graph mirroredDecoder(const DecoderSpec& spec);
/// Cvpr, Tpami: the encoder's trunk with heads: image -> identity, pose (logits), and for Tpami also real [N,1].
/// Patch: image, pose [N,Np] (the code that the picture shows) -> real [N,1,S/8,S/8] (logits), each of which sees about
/// 50 pixels.
Graph discriminator(const DiscriminatorSpec& spec);

/// A copy of the encoder that gives, beside its outputs, the maps that it reduces next (the inputs of its convolutions
/// with a stride, but the first) as feature_0, feature_1 and so on.
Graph withFeatures(const Graph& encoder);

/// How maps lie in memory: torch::MemoryFormat::ChannelsLast, initially, or Contiguous (planes). What is faster depends
/// on the processor (run/speed.hpp). Set it before networks and pictures are made.
torch::MemoryFormat memoryFormat();
void setMemoryFormat(torch::MemoryFormat format);

/// Copies planes [N,3,S,S] to the device, in memoryFormat().
torch::Tensor fromPlanes(const std::vector<float>& planes, int64_t imageSize, const torch::Device& device);
/// Embeddings [N,Nf] and confidences [N,1] in (0,1) of images [N,3,S,S].
std::pair<torch::Tensor, torch::Tensor> encode(Graph& encoder, const torch::Tensor& images);
/// Pose codes [N,Np] of yaws [N] in degrees: between two poses, their mixture; beyond the outermost ones, theirs.
/// @param poseYaws degrees per pose, ascending
torch::Tensor poseCode(const torch::Tensor& yaw, const std::vector<float>& poseYaws);
/// Faces [N,3,S,S] of embeddings [N,Nf] with pose codes [N,Np]; noise is uniform in [-1,1] unless given.
/// @param output which of the decoder's outputs
torch::Tensor decode(Graph& decoder, const torch::Tensor& embedding, const torch::Tensor& pose,
                     torch::Tensor noise = {}, const std::string& output = "face");

/// The decoder's output of this side: "face" for S, "face_56" and so on for smaller ones.
std::string faceOutput(const Graph& decoder, int64_t imageSize, int64_t side);

int64_t imageSize(const Graph& graph);        ///< S, of an encoder or a discriminator
int64_t embeddingSize(const Graph& decoder);  ///< Nf, of a decoder
int64_t poseCount(const Graph& decoder);      ///< Np
int64_t noiseSize(const Graph& decoder);      ///< Nz

}  // namespace drgan::nn
