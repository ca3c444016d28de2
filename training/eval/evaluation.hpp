// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <nlohmann/json.hpp>

#include "options.hpp"

namespace drgan::eval {

/// All that drgan-eval does: prints the tables, writes JSON and plots where they are asked for.
/// @return the report, as it is written as JSON
nlohmann::json run(const Options& options);

}  // namespace drgan::eval
