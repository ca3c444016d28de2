// SPDX-License-Identifier: Apache-2.0
//
// Encoder and decoder by the same calls, for tests that put both through the same faults.

#ifndef DRGAN_TESTS_OPENCV_MODULE_ROLES_HPP
#define DRGAN_TESTS_OPENCV_MODULE_ROLES_HPP

#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "expect_error.hpp"
#include "tiny_onnx.hpp"

namespace drgan_test {

using Bytes = std::vector<uchar>;

enum class Role { encoder, decoder };

inline void load(Role role, const Bytes& bytes) {
    if (role == Role::encoder) {
        cv::drgan::Encoder::create(bytes);
    } else {
        cv::drgan::Decoder::create(bytes);
    }
}

inline Bytes make(Role role, const TinyOptions& options) {
    return role == Role::encoder ? tinyEncoder(options) : tinyDecoder(options);
}

inline void expectRefused(Role role, const TinyOptions& options, std::vector<std::string> parts) {
    parts.emplace_back(role == Role::encoder ? "encoder in memory" : "decoder in memory");
    expectError([&] { load(role, make(role, options)); }, parts);
}

}  // namespace drgan_test

#endif
