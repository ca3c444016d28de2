// SPDX-License-Identifier: Apache-2.0
//
// Shared by the reader and the writer of safetensors, for nobody else.

#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace drgan::io::detail {

constexpr size_t lengthBytes = 8;  // of the header's length, in front of it

/// Throws std::runtime_error: "path: what".
[[noreturn]] void fail(const std::string& path, const std::string& what);

/// "doing: errno's text".
std::string reason(const std::string& doing);

std::string shapeText(const std::vector<int64_t>& shape);

/// shape x dtype in bytes. @throws std::runtime_error for an unknown dtype, a negative side or more than 64 bits.
uint64_t expectedBytes(const std::string& path, const std::string& name, const std::string& dtype,
                       const std::vector<int64_t>& shape);

/// Closes a file descriptor when it goes.
class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

private:
    int fd_;
};

}  // namespace drgan::io::detail
