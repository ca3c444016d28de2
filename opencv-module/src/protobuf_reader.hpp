// SPDX-License-Identifier: Apache-2.0
//
// A bounds-checked reader of protobuf's wire format (https://protobuf.dev/programming-guides/encoding/). It allocates
// nothing; fields point into the caller's bytes.

#ifndef OPENCV_DRGAN_PROTOBUF_READER_HPP
#define OPENCV_DRGAN_PROTOBUF_READER_HPP

#include <cstddef>
#include <cstdint>
#include <string>

namespace cv {
namespace drgan {

enum class WireType { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

struct WireField {
    uint32_t number = 0;
    WireType type = WireType::varint;
    uint64_t value = 0;                   ///< varint
    const unsigned char* data = nullptr;  ///< bytes
    size_t size = 0;                      ///< bytes
};

class WireReader {
public:
    /// @param where names the model in messages
    WireReader(const unsigned char* data, size_t size, const std::string& where)
        : cur_(data), begin_(data), end_(data + size), where_(where) {}
    /// Reads the message inside a field; an error if the field is not a message.
    WireReader(const WireField& field, const char* what, const std::string& where);

    /// Reads the next field. @return false at the end of the message
    bool next(WireField& field);
    uint64_t varint();
    bool atEnd() const { return cur_ == end_; }

private:
    [[noreturn]] void fail(const std::string& what) const;

    const unsigned char* cur_;
    const unsigned char* begin_;
    const unsigned char* end_;
    const std::string& where_;
};

/// The value of a varint field; an error naming `what` if it is of another type.
uint64_t wireInteger(const WireField& field, const char* what, const std::string& where);
/// A copy of the text of a field; an error naming `what` if it is longer than `limit`.
std::string wireText(const WireField& field, const char* what, size_t limit, const std::string& where);

}  // namespace drgan
}  // namespace cv

#endif
