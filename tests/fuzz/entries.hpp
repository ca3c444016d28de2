// SPDX-License-Identifier: Apache-2.0
//
// The functions that the fuzzers and the corpus test run: readers on arbitrary bytes. A cv::Exception is a valid
// result; any other failure is a finding.

#ifndef DRGAN_TESTS_FUZZ_ENTRIES_HPP
#define DRGAN_TESTS_FUZZ_ENTRIES_HPP

#include <cstddef>
#include <cstdint>

namespace drgan_fuzz {

/// The result for an input.
enum class Verdict { refused, accepted };

/// Loads a gallery's file, first unchanged and then with corrected lengths and checksums, so that the code behind those
/// checks is reached. A gallery that loads must save the same file.
/// @return the result for the unchanged file
Verdict gallery(const uint8_t* data, size_t size);

/// Reads an ONNX file's metadata and checks it for each kind of model.
/// @return accepted if the metadata could be read
Verdict onnx(const uint8_t* data, size_t size);

/// Loads a bundle with this manifest.json.
Verdict manifest(const uint8_t* data, size_t size);

}  // namespace drgan_fuzz

#endif
