// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/checkpoint.hpp"
#include "nn/graph/graph.hpp"

namespace drgan::exporting {

struct BundleOptions {
    std::string folder;
    double matchThreshold = 0;  ///< cosine
};

/// Checkpoints of the optional networks of a bundle; null: none.
struct Extras {
    const train::Checkpoint* aligner = nullptr;
    const train::Checkpoint* detector = nullptr;
};

/// The model files of the extras that are given, each with what all models of its bundle say.
/// @param common metadata of another model of the bundle
std::vector<std::pair<std::string, std::string>> extraFiles(const Extras& extras,
                                                            const std::map<std::string, std::string>& common);

/// The encoder of a bundle: with the checkpoint's appearance network, if it has one, behind it. Behind, because cv::dnn
/// then computes it only where the appearance is asked for.
/// @param metadata of the encoder; says then that it has an appearance
nn::Graph withAppearance(const nn::Graph& encoder, const train::Checkpoint& checkpoint,
                         std::map<std::string, std::string>& metadata);

/// Writes a checkpoint's averaged networks as a bundle: encoder.onnx, decoder.onnx, the extras, and manifest.json.
///
/// The bundle's id is a digest of the encoder's weights: it identifies the embedding space. Galleries and decoders of
/// the same encoder remain valid if only the decoder, the aligner or the detector changes.
/// The files get their final names only after all of them are written. An extra that an older bundle left in the folder
/// and that this bundle lacks is removed.
/// @returns the bundle's id
/// @throws std::runtime_error naming what a checkpoint lacks or which file cannot be written
std::string writeBundle(const train::Checkpoint& checkpoint, const BundleOptions& options, const Extras& extras = {});

/// Writes only the averaged networks that there are, without optimiser and discriminator: a small checkpoint to start
/// other runs from, with matrices and kernels in half precision. The extras' networks go into the same file.
/// @throws std::runtime_error where the checkpoint has neither encoder nor decoder, or the file cannot be written
void writeStart(const train::Checkpoint& checkpoint, const std::string& path, const Extras& extras = {});

/// Interpolates the checkpoint's averaged decoder with that of another one.
/// @param share of the other one, in [0, 1]
/// @throws std::runtime_error if their layers differ
void blendDecoder(train::Checkpoint& checkpoint, const train::Checkpoint& with, double share);

}  // namespace drgan::exporting
