// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "nn/graph/graph.hpp"

/// What the aligner and the mesh network are built of. Each block returns the name of its output edge.
namespace drgan::nn {

/// A number of channels, times a factor; at least 2.
int64_t scaled(int64_t channels, double width);

/// Shape of a 3x3 convolution of stride 2.
GraphImpl::ConvShape halving(int64_t in, int64_t out);

/// Convolution without a bias, batch normalisation, PReLU.
std::string convNormPrelu(GraphImpl& g, const std::string& x, const GraphImpl::ConvShape& shape);

/// 1x1 convolution and batch normalisation.
std::string pointwise(GraphImpl& g, const std::string& x, int64_t in, int64_t out);

/// Depthwise 3x3 convolution, PReLU, pointwise().
std::string separable(GraphImpl& g, const std::string& x, int64_t in, int64_t out, int64_t stride);

/// `times` blocks that add separable() of a map to it, with a PReLU after each.
std::string residual(GraphImpl& g, std::string x, int64_t channels, int times);

}  // namespace drgan::nn
