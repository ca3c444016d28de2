// SPDX-License-Identifier: Apache-2.0
//
// Shared by the reader and the writer of safetensors, for nobody else.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace drgan::io::detail {

constexpr size_t lengthBytes = 8;  // of the header's length, in front of it

/// Throws std::runtime_error: "path: what".
[[noreturn]] void fail(const std::string& path, const std::string& what);

std::string shapeText(const std::vector<int64_t>& shape);

/// shape x dtype in bytes. @throws std::runtime_error for an unknown dtype, a negative side or more than 64 bits.
uint64_t expectedBytes(const std::string& path, const std::string& name, const std::string& dtype,
                       const std::vector<int64_t>& shape);

}  // namespace drgan::io::detail
