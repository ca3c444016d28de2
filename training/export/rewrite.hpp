// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "checkpoint/checkpoint.hpp"

namespace drgan::exporting {

/// Writes a bundle's networks as this version of the exporter would: each is read into live modules and written again,
/// with the weights, the metadata and the bundle's id that it has. The manifest gets their sizes.
/// @param output folder of the new bundle, which gets the other files too (the model card); `folder`: in place
/// @throws std::runtime_error naming the file and what is wrong with it; nothing is written then
void rewriteBundle(const std::string& folder, const std::string& output);

/// Puts the checkpoint's averaged decoder into a bundle, whose other models, match threshold and id stay: for a decoder
/// that was trained on the bundle's own encoder.
/// @throws std::runtime_error naming the file and what is wrong with it, or which size or poses differ
void replaceDecoder(const std::string& folder, const train::Checkpoint& checkpoint);

}  // namespace drgan::exporting
