// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>

#include "aligner/options.hpp"
#include "detector/options.hpp"
#include "dr_gan/options.hpp"

/// The command line of drgan-train: a subcommand for every stage, each with its own options.
namespace drgan::train {

using AnyOptions = std::variant<DrGanOptions, AlignerOptions, DetectorOptions>;

struct CommandLine {
    AnyOptions options;
    std::string config;  ///< the resolved options as TOML, for --config
    bool check = false;  ///< only check the options
};

/// Reads the command line (and the TOML file that --config names). Exits with a message if it is wrong.
CommandLine parseCommandLine(int argc, char** argv);

}  // namespace drgan::train
