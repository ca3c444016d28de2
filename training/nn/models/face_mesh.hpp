// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/graph/graph.hpp"
#include "nn/models/face_losses.hpp"

/// The network that predicts a face's mesh and whether there is a face, and its losses. It has the inputs and outputs
/// of MediaPipe's face mesh, from which it learns.
namespace drgan::nn {

constexpr const char* meshImage = "image";  ///< input: [N,3,S,S], RGB in [0,1]
constexpr const char* meshPlaces = "mesh";  ///< output: [N,3 x 468], x,y,z of each point in pixels of the input
constexpr const char* meshFace = "face";    ///< output: [N,1] in (0,1), that there is a face

struct MeshSpec {
    int64_t imageSize = 192;  ///< S, a multiple of 32
    double width = 1;         ///< channels, times this; 1: 0.28 million weights
    int64_t features = 64;    ///< numbers that a mesh is made of
};

/// Convolutions from S/2 to S/32, residual depthwise separable ones from S/4 on. A mesh is a mean mesh and a sum of
/// `features` deviations from it, one linear layer: it begins best as startFromMeshes() makes it.
Graph faceMesh(const MeshSpec& spec);

/// Gives the network's last layer the mean of meshes and their principal components, each as large as its standard
/// deviation: the layers before it begin with numbers of about the right size, and with deviations that faces have.
/// @param meshes [M,3 x 468], pixels of the input
void startFromMeshes(Graph& network, const torch::Tensor& meshes);

/// Distance [B] in space between the middles of the eyes, each that of its two corners: the same at any yaw.
/// @param meshes [B,3 x 468]
torch::Tensor eyeDistance(const torch::Tensor& meshes);

/// wing() of how far each point lies from its place, in units of the distance between the eyes.
struct MeshLosses {
    torch::Tensor places;  ///< x and y; mean over the coordinates of the crops that count
    torch::Tensor depth;   ///< z
};

/// @param found, target [B,3 x 468], pixels
/// @param face [B] 1 for the crops that count, else 0
MeshLosses meshLosses(const torch::Tensor& found, const torch::Tensor& target, const torch::Tensor& face);

}  // namespace drgan::nn
