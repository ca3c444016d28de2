// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "checkpoint/checkpoint.hpp"

namespace drgan::exporting {

struct BundleOptions {
    std::string folder;
    double matchThreshold = 0;  ///< cosine
};

/// Checkpoints of networks that a bundle may do without; null: none.
struct Extras {
    const train::Checkpoint* aligner = nullptr;
    const train::Checkpoint* detector = nullptr;
};

/// Writes a checkpoint's averaged networks as a bundle: encoder.onnx, decoder.onnx, what extras there are, and
/// manifest.json.
///
/// The bundle's id is a digest of the encoder's weights: it identifies the embedding space. Galleries and decoders of
/// the same encoder remain valid if only the decoder, the aligner or the detector changes.
/// The files take their final names only when all of them are written; an extra that this bundle has not, and that an
/// older one left in the folder, is removed.
/// @returns the bundle's id
/// @throws std::runtime_error naming what a checkpoint lacks or which file cannot be written
std::string writeBundle(const train::Checkpoint& checkpoint, const BundleOptions& options, const Extras& extras = {});

/// Writes the averaged networks alone, without optimiser and discriminator: a small checkpoint to start other runs
/// from, its matrices and kernels in half precision. The extras' networks go into the same file.
/// @throws std::runtime_error naming what the checkpoint lacks or why the file cannot be written
void writeStart(const train::Checkpoint& checkpoint, const std::string& path, const Extras& extras = {});

/// Moves the checkpoint's averaged decoder towards that of another one.
/// @param share of the way, in [0, 1]
/// @throws std::runtime_error where their layers differ
void blendDecoder(train::Checkpoint& checkpoint, const train::Checkpoint& with, double share);

}  // namespace drgan::exporting
