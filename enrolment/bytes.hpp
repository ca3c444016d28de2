// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLMENT_BYTES_HPP
#define DRGAN_ENROLMENT_BYTES_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace drgan::enrolment {

/// Bounds-checked bytes of a file: bytes beyond the end read as 0; see has().
class Bytes {
public:
    Bytes(const unsigned char* data, size_t size, bool bigEndian = false)
        : data_(data), size_(size), bigEndian_(bigEndian) {}

    size_t size() const { return size_; }
    bool has(size_t at, size_t count) const { return at <= size_ && count <= size_ - at; }
    bool holds(size_t at, const char* text, size_t count) const {
        return has(at, count) && std::memcmp(data_ + at, text, count) == 0;
    }
    unsigned u8(size_t at) const { return has(at, 1) ? data_[at] : 0U; }
    unsigned u16(size_t at) const { return bigEndian_ ? u8(at) << 8 | u8(at + 1) : u8(at + 1) << 8 | u8(at); }
    uint32_t u32(size_t at) const {
        return bigEndian_ ? static_cast<uint32_t>(u16(at)) << 16 | u16(at + 2)
                          : static_cast<uint32_t>(u16(at + 2)) << 16 | u16(at);
    }
    /// @param at, count are limited to the existing bytes
    Bytes part(size_t at, size_t count, bool bigEndian) const {
        at = at < size_ ? at : size_;
        return {data_ + at, count < size_ - at ? count : size_ - at, bigEndian};
    }

private:
    const unsigned char* data_;
    size_t size_;
    bool bigEndian_;
};

}  // namespace drgan::enrolment

#endif
