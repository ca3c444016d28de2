// SPDX-License-Identifier: Apache-2.0
#pragma once

// Torch must come first: OpenCV's macros conflict with it.
#include "nn/graph/graph.hpp"

#include <functional>
#include <opencv2/dnn.hpp>
#include <string>
#include <vector>

/// Runs the network in training mode on random batches and moves its weights, so that there are statistics to fold and
/// the results differ between pictures. Ends in evaluation mode.
void settle(drgan::nn::Graph& network, const std::function<drgan::nn::Edges()>& batch);

/// Reads a file in memory with cv::dnn.
cv::dnn::Net readByOpenCv(const std::string& bytes);

/// Runs both on each batch and expects all outputs to have the same shapes and values.
/// @param tolerance maximum difference of a value
void expectSameValues(drgan::nn::Graph& network, cv::dnn::Net& net, const std::vector<drgan::nn::Edges>& batches,
                      double tolerance);
/// The same for the network as written by drgan-export.
void expectSameValues(drgan::nn::Graph& network, const std::vector<drgan::nn::Edges>& batches, double tolerance = 1e-4);
