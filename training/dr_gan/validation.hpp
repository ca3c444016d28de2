// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "io/face_set.hpp"
#include "nn/models/networks.hpp"

namespace drgan::train {

/// Verification among people who are kept out of training (isValidationPerson), over all pairs of their real pictures.
struct Validation {
    double frontalEer = 0;  ///< equal error rate, both pictures within 30 degrees
    double profileEer = 0;  ///< one within 30 degrees, one beyond 60; NaN: there are no such pairs
    double threshold = 0;   ///< cosine that one in a hundred pairs of two people reaches, mean of both kinds
    int64_t pictures = 0;   ///< 0: there are not two people with frontal pictures to validate on
    /// Nobody has two frontal pictures: pairs of one person are a picture and the same made worse (small, blurred,
    /// noisy; frontalEer), or a view turned from it beyond 60 degrees (profileEer). The threshold is of the same kinds
    /// of pairs of two people.
    bool ofViews = false;
};

/// @param limit at most this many pictures
Validation validate(nn::Graph& encoder, const io::FaceSet& faces, const torch::Device& device, int64_t limit = 1200);

/// Writes a PNG: one row per person, columns the input (if `inputs`) and the generated face at every pose.
/// The people are validation persons (training persons where there are none), each with the picture of theirs that is
/// turned farthest among the first few.
/// @param appearance what the decoder's noise is made of (see nn::appearanceNetwork); null: zeros
/// @param drawnSide resolution of the decoder's pictures (see nn::faceOutput), shown at the input's
/// @throws std::runtime_error if the file cannot be written
void writeGrid(const std::string& path, nn::Graph& encoder, nn::Graph& decoder, nn::Graph& appearance,
               const io::FaceSet& faces, const torch::Device& device, bool inputs, int64_t drawnSide = 0,
               int people = 8);

}  // namespace drgan::train
