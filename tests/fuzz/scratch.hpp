// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TESTS_FUZZ_SCRATCH_HPP
#define DRGAN_TESTS_FUZZ_SCRATCH_HPP

#include <cstddef>
#include <string>
#include <vector>

namespace drgan_fuzz {

/// A folder in memory (/dev/shm) if possible, else in /tmp, which is removed when the program ends.
const std::string& scratchFolder();

void write(const std::string& path, const void* data, size_t size);
std::vector<unsigned char> read(const std::string& path);

/// Stops cv::error from printing errors, as they are expected.
void silenceErrors();

/// Prints the finding to standard error and ends the program.
[[noreturn]] void finding(const char* what);

}  // namespace drgan_fuzz

#endif
