// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <CLI/CLI.hpp>
#include <limits>
#include <string>
#include <vector>

#include "data/recognizer.hpp"
#include "set_protocol.hpp"

namespace drgan::eval {

/// drgan-eval's command line.
struct Options {
    std::string bundle;
    std::string recognizer;
    std::string order = "BGR";
    data::RecognizerInput input;
    std::vector<float> eyes = {0.5F, 0.461F};
    float eyeMouth = 0.363F;
    double threshold = std::numeric_limits<double>::quiet_NaN();
    std::string cfp;
    std::vector<int> folds;
    std::string detector;
    bool boxes = false;
    bool jitter = false;
    std::string faces;
    SetChoice set;
    std::string strangers;
    std::string strangersSplit = "dev";
    std::string views, viewsSplit = "dev";
    std::string strangersLabels;
    double samePerson = 2;  ///< cosine; above 1: no two people are taken for one
    bool writeThresholds = false;
    double strangerRate = 0.01;
    bool mirror = true;
    std::string json;
    std::string plots;
};

void define(CLI::App& app, Options& options);

/// Checks what the command line parser cannot check. @throws std::runtime_error
void check(const Options& options);

}  // namespace drgan::eval
