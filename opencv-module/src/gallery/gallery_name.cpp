// SPDX-License-Identifier: Apache-2.0
#include "gallery_name.hpp"

#include "../precomp.hpp"

namespace cv {
namespace drgan {

namespace {

/// Reads one code point. @return its number of bytes; 0 if it is not UTF-8 (truncated, overlong, a surrogate, above
/// U+10FFFF)
size_t readCodePoint(const char* text, size_t size, uint32_t& code) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) {
        code = first;
        return 1;
    }
    const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
    if (length == 0 || first > 0xf4 || length > size) {
        return 0;
    }
    code = first & (0x7fu >> length);
    for (size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) {
            return 0;
        }
        code = code << 6 | (byte(i) & 0x3fu);
    }
    static constexpr uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < least[length] || code > 0x10ffff || surrogate ? 0 : length;
}

bool isControl(uint32_t code) { return code < 0x20 || (code >= 0x7f && code <= 0x9f); }

}  // namespace

std::string nameFault(const char* text, size_t size) {
    if (size == 0) {
        return "is empty, expected 1 to 1024 bytes";
    }
    if (size > maxGalleryTextBytes) {
        return cv::format("has %zu bytes, expected at most %zu", size, maxGalleryTextBytes);
    }
    for (size_t at = 0; at < size;) {
        uint32_t code = 0;
        const size_t length = readCodePoint(text + at, size - at, code);
        if (length == 0) {
            return cv::format("is not UTF-8 at byte %zu", at);
        }
        if (isControl(code)) {
            return cv::format("contains the control character U+%04X at byte %zu, expected none", code, at);
        }
        at += length;
    }
    return std::string();
}

std::string quoted(const std::string& name) {
    constexpr size_t longest = 80;  // bytes of the name
    std::string text = "\"";
    for (size_t at = 0; at < name.size();) {
        if (at >= longest) {
            return text + "...\"";
        }
        uint32_t code = 0;
        const size_t length = readCodePoint(name.data() + at, name.size() - at, code);
        if (length == 0 || isControl(code)) {
            text += cv::format("\\x%02x", static_cast<unsigned char>(name[at]));
            ++at;
        } else {
            text.append(name, at, length);
            at += length;
        }
    }
    return text + "\"";
}

}  // namespace drgan
}  // namespace cv
