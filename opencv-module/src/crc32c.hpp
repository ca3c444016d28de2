// SPDX-License-Identifier: Apache-2.0
#ifndef OPENCV_DRGAN_CRC32C_HPP
#define OPENCV_DRGAN_CRC32C_HPP

#include <cstddef>
#include <cstdint>

namespace cv {
namespace drgan {

/// CRC-32C (Castagnoli): polynomial 0x1EDC6F41, bits reflected, initial value and final exclusive-or 0xFFFFFFFF. The
/// checksum of "123456789" is 0xE3069283.
uint32_t crc32c(const unsigned char* data, size_t size);

}  // namespace drgan
}  // namespace cv

#endif
