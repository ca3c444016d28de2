// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "checkpoint/checkpoint.hpp"

namespace drgan::exporting {

/// Writes a checkpoint's averaged mesh network as one ONNX file, which drgan-data --mesh takes. It belongs to no
/// bundle.
/// @throws std::runtime_error naming what the checkpoint lacks or why the file cannot be written
void writeMesh(const train::Checkpoint& checkpoint, const std::string& path);

}  // namespace drgan::exporting
