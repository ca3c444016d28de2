// SPDX-License-Identifier: Apache-2.0
//
// What the fuzzers run, and the ordinary test of the corpus: a reader on bytes that may be anything. A cv::Exception is
// an answer; whatever else happens is a finding.

#ifndef DRGAN_TESTS_FUZZ_ENTRIES_HPP
#define DRGAN_TESTS_FUZZ_ENTRIES_HPP

#include <cstddef>
#include <cstdint>

namespace drgan_fuzz {

/// What became of an input.
enum class Verdict { refused, accepted };

/// Loads a gallery's file, as it is and once more with its lengths and checksums put right, so that what lies behind
/// them is reached. What loads must be the file that its gallery saves.
/// @return what became of it as it is
Verdict gallery(const uint8_t* data, size_t size);

/// Reads an ONNX file's metadata and checks it as each kind of model.
/// @return accepted: the metadata could be read
Verdict onnx(const uint8_t* data, size_t size);

/// Loads a bundle with this manifest.json.
Verdict manifest(const uint8_t* data, size_t size);

}  // namespace drgan_fuzz

#endif
