// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "checkpoint/checkpoint.hpp"
#include "export/bundle.hpp"

namespace drgan::exporting {

/// Writes a bundle's networks in the form of this version of the exporter: each is read into live modules and written
/// again, with its weights, metadata and bundle id. The manifest gets their sizes.
/// @param output folder of the new bundle, which gets the other files too (the model card); `folder`: in place
/// @throws std::runtime_error naming the file and what is wrong with it; nothing is written then
void rewriteBundle(const std::string& folder, const std::string& output);

/// Replaces a bundle's decoder by the checkpoint's averaged one, which must have been trained with the bundle's
/// encoder. The other models, the match threshold and the id stay.
/// @throws std::runtime_error naming the file and what is wrong with it, or which size or poses differ
void replaceDecoder(const std::string& folder, const train::Checkpoint& checkpoint);

/// Replaces a bundle's detector and aligner, or adds them: those that are given. Everything else stays.
/// @throws std::runtime_error naming the file or the checkpoint's value and what is wrong with it; nothing is written
/// then
void replaceExtras(const std::string& folder, const Extras& extras);

}  // namespace drgan::exporting
