// SPDX-License-Identifier: Apache-2.0
//
// drgan-eval: face verification (frontal-frontal and frontal-profile) of a bundle, or of any ONNX recogniser on the
// same pictures with the same alignment, on CFP or on a prepared face set. See README.md beside this file.

#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <exception>

#include "evaluation.hpp"

int main(int argc, char** argv) {
    CLI::App app{
        "Face verification on CFP or on a prepared face set: accuracy, AUC, EER and TAR of a bundle or of any ONNX "
        "recogniser; for a bundle also templates of several pictures, confidence, and what its frontal views give a "
        "recogniser."};
    drgan::eval::Options options;
    drgan::eval::define(app, options);
    CLI11_PARSE(app, argc, argv);
    try {
        drgan::eval::run(options);
        return 0;
    } catch (const std::exception& error) {
        spdlog::error("{}", error.what());
        return 1;
    }
}
