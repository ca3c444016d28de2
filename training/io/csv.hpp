// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace drgan::io {

/// Splits one CSV record (RFC 4180: quotes may enclose a field, a doubled quote stands for one).
std::vector<std::string> splitCsv(const std::string& line);

/// Quotes a CSV field where it needs it.
std::string quoteCsv(const std::string& field);

}  // namespace drgan::io
