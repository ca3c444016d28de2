// SPDX-License-Identifier: Apache-2.0
#include "crc32c.hpp"

#include <array>

namespace cv {
namespace drgan {

namespace {

// Table k: the effect of a byte on the checksum if k more bytes follow, so that eight bytes are processed at once.
using Tables = std::array<std::array<uint32_t, 256>, 8>;

Tables makeTables() {
    constexpr uint32_t polynomial = 0x82f63b78;  // 0x1EDC6F41 reflected
    Tables tables{};
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) {
            value = value >> 1 ^ (value & 1 ? polynomial : 0);
        }
        tables[0][i] = value;
    }
    for (size_t k = 1; k < tables.size(); ++k) {
        for (size_t i = 0; i < 256; ++i) {
            tables[k][i] = tables[k - 1][i] >> 8 ^ tables[0][tables[k - 1][i] & 0xff];
        }
    }
    return tables;
}

}  // namespace

uint32_t crc32c(const unsigned char* data, size_t size) {
    static const Tables tables = makeTables();
    uint32_t crc = ~uint32_t(0);
    for (; size >= 8; data += 8, size -= 8) {
        uint32_t next = 0;
        for (size_t i = 0; i < 8; ++i) {
            const uint32_t byte = data[i] ^ (i < 4 ? crc >> (8 * i) & 0xff : 0);
            next ^= tables[7 - i][byte];
        }
        crc = next;
    }
    for (; size > 0; ++data, --size) {
        crc = crc >> 8 ^ tables[0][(crc ^ *data) & 0xff];
    }
    return ~crc;
}

}  // namespace drgan
}  // namespace cv
