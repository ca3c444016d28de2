// SPDX-License-Identifier: Apache-2.0
#include "protobuf_reader.hpp"

#include "precomp.hpp"

namespace cv {
namespace drgan {

namespace {

void expectType(const WireField& field, WireType type, const char* what, const std::string& where) {
    if (field.type != type) {
        CV_Error(Error::StsParseError, format("%s: %s: got wire type %d, expected %d", where.c_str(), what,
                                              static_cast<int>(field.type), static_cast<int>(type)));
    }
}

}  // namespace

WireReader::WireReader(const WireField& field, const char* what, const std::string& where)
    : cur_(field.data), begin_(field.data), end_(field.data), where_(where) {
    expectType(field, WireType::bytes, what, where);
    end_ += field.size;
}

void WireReader::fail(const std::string& what) const {
    CV_Error(Error::StsParseError,
             format("%s: not a complete ONNX file: %s, %llu bytes into a message of %llu", where_.c_str(), what.c_str(),
                    static_cast<unsigned long long>(cur_ - begin_), static_cast<unsigned long long>(end_ - begin_)));
}

uint64_t WireReader::varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
        if (cur_ == end_) {
            fail("a number is truncated");
        }
        const unsigned char byte = *cur_++;
        if (shift == 63 && byte > 1) {
            break;  // the tenth byte has only bit 63
        }
        value |= static_cast<uint64_t>(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            return value;
        }
    }
    fail("a number is longer than 64 bits");
}

bool WireReader::next(WireField& field) {
    if (atEnd()) {
        return false;
    }
    const uint64_t tag = varint();
    const uint64_t number = tag >> 3;
    if (number == 0 || number > 0x1fffffff) {
        fail(format("field number %llu", static_cast<unsigned long long>(number)));
    }
    field = WireField();
    field.number = static_cast<uint32_t>(number);
    field.type = static_cast<WireType>(tag & 7);
    const size_t left = static_cast<size_t>(end_ - cur_);
    switch (field.type) {
        case WireType::varint:
            field.value = varint();
            return true;
        case WireType::bytes: {
            const uint64_t size = varint();
            const size_t rest = static_cast<size_t>(end_ - cur_);
            if (size > rest) {
                fail(format("field %u claims %llu bytes where %llu are left", field.number,
                            static_cast<unsigned long long>(size), static_cast<unsigned long long>(rest)));
            }
            field.data = cur_;
            field.size = static_cast<size_t>(size);
            cur_ += field.size;
            return true;
        }
        case WireType::fixed64:
        case WireType::fixed32: {
            const size_t size = field.type == WireType::fixed64 ? 8 : 4;
            if (size > left) {
                fail(format("field %u is truncated", field.number));
            }
            field.data = cur_;
            field.size = size;
            cur_ += size;
            return true;
        }
    }
    fail(format("field %u has wire type %d", field.number, static_cast<int>(tag & 7)));
}

uint64_t wireInteger(const WireField& field, const char* what, const std::string& where) {
    expectType(field, WireType::varint, what, where);
    return field.value;
}

std::string wireText(const WireField& field, const char* what, size_t limit, const std::string& where) {
    expectType(field, WireType::bytes, what, where);
    if (field.size > limit) {
        CV_Error(Error::StsParseError,
                 format("%s: %s: got %llu bytes, expected at most %llu", where.c_str(), what,
                        static_cast<unsigned long long>(field.size), static_cast<unsigned long long>(limit)));
    }
    return std::string(reinterpret_cast<const char*>(field.data), field.size);
}

}  // namespace drgan
}  // namespace cv
