// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TESTS_FUZZ_SCRATCH_HPP
#define DRGAN_TESTS_FUZZ_SCRATCH_HPP

#include <cstddef>
#include <string>
#include <vector>

namespace drgan_fuzz {

/// A folder in memory (/dev/shm) where there is one, else in /tmp, that goes when the program ends.
const std::string& scratchFolder();

void write(const std::string& path, const void* data, size_t size);
std::vector<unsigned char> read(const std::string& path);

/// Errors are what is expected: cv::error need not print each.
void silenceErrors();

/// Says what was found on standard error and ends the program.
[[noreturn]] void finding(const char* what);

}  // namespace drgan_fuzz

#endif
