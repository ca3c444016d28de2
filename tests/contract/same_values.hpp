// SPDX-License-Identifier: Apache-2.0
#pragma once

// Torch first: OpenCV's macros get in its way.
#include "nn/graph/graph.hpp"

#include <functional>
#include <opencv2/dnn.hpp>
#include <string>
#include <vector>

/// Runs the network in training on random batches and moves its weights: then there are statistics to fold, and what it
/// gives differs from picture to picture. It is left ready to run.
void settle(drgan::nn::Graph& network, const std::function<drgan::nn::Edges()>& batch);

/// cv::dnn's network of a file in memory.
cv::dnn::Net readByOpenCv(const std::string& bytes);

/// Runs both on each of the batches and expects all outputs to have the same shapes and values.
/// @param tolerance largest difference of a value
void expectSameValues(drgan::nn::Graph& network, cv::dnn::Net& net, const std::vector<drgan::nn::Edges>& batches,
                      double tolerance);
/// The same for the network as drgan-export writes it.
void expectSameValues(drgan::nn::Graph& network, const std::vector<drgan::nn::Edges>& batches, double tolerance = 1e-4);
