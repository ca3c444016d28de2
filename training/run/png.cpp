// SPDX-License-Identifier: Apache-2.0
#include "run/png.hpp"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#include <stb/stb_image_write.h>

#include <stdexcept>

namespace drgan::train {

void writePng(const std::string& path, const torch::Tensor& planes) {
    const torch::Tensor rgb =
        ((planes.permute({1, 2, 0}) + 1) * 127.5).round().clamp(0, 255).to(torch::kUInt8).contiguous();
    const int width = static_cast<int>(rgb.size(1)), height = static_cast<int>(rgb.size(0));
    if (!stbi_write_png(path.c_str(), width, height, 3, rgb.data_ptr<uint8_t>(), 3 * width)) {
        throw std::runtime_error(path + ": cannot be written");
    }
}

}  // namespace drgan::train
