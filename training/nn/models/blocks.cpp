// SPDX-License-Identifier: Apache-2.0
#include "nn/models/blocks.hpp"

#include <algorithm>
#include <cmath>

namespace drgan::nn {

int64_t scaled(int64_t channels, double width) {
    return std::max<int64_t>(2, std::llround(static_cast<double>(channels) * width));
}

namespace {

std::string convNorm(GraphImpl& g, const std::string& x, GraphImpl::ConvShape shape) {
    shape.bias = false;
    return g.batchNorm(g.conv(x, shape), shape.out);
}

}  // namespace

std::string convNormPrelu(GraphImpl& g, const std::string& x, const GraphImpl::ConvShape& shape) {
    return g.prelu(convNorm(g, x, shape), shape.out);
}

GraphImpl::ConvShape halving(int64_t in, int64_t out) {
    GraphImpl::ConvShape shape{in, out};
    shape.stride = {2, 2};
    return shape;
}

std::string pointwise(GraphImpl& g, const std::string& x, int64_t in, int64_t out) {
    return convNorm(g, x, {in, out, {1, 1}, {1, 1}, {0, 0}});
}

std::string separable(GraphImpl& g, const std::string& x, int64_t in, int64_t out, int64_t stride) {
    GraphImpl::ConvShape depthwise{in, in};
    depthwise.groups = in;
    depthwise.stride = {stride, stride};
    return pointwise(g, convNormPrelu(g, x, depthwise), in, out);
}

std::string residual(GraphImpl& g, std::string x, int64_t channels, int times) {
    for (int i = 0; i < times; ++i) {
        x = g.prelu(g.add(x, separable(g, x, channels, channels, 1)), channels);
    }
    return x;
}

}  // namespace drgan::nn
