// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <turbojpeg.h>

#include <cstdint>
#include <stdexcept>
#include <vector>

namespace drgan::test {

/// @param rgb side*side*3 bytes
inline std::vector<uint8_t> jpegOf(const std::vector<uint8_t>& rgb, int side) {
    const tjhandle encoder = tjInitCompress();
    unsigned char* bytes = nullptr;
    unsigned long size = 0;
    const int failed =
        tjCompress2(encoder, rgb.data(), side, 0, side, TJPF_RGB, &bytes, &size, TJSAMP_444, 95, TJFLAG_ACCURATEDCT);
    std::vector<uint8_t> jpeg(bytes, bytes + (failed ? 0 : size));
    tjFree(bytes);
    tjDestroy(encoder);
    if (failed) {
        throw std::runtime_error("cannot encode a JPEG");
    }
    return jpeg;
}

}  // namespace drgan::test
