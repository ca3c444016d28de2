// SPDX-License-Identifier: Apache-2.0
//
// Uniform calls to encoder, decoder, aligner and detector, for tests of faults that all have in common.

#ifndef DRGAN_TESTS_OPENCV_MODULE_ROLES_HPP
#define DRGAN_TESTS_OPENCV_MODULE_ROLES_HPP

#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "expect_error.hpp"
#include "tiny_onnx.hpp"

namespace drgan_test {

using Bytes = std::vector<uchar>;

enum class Role { encoder, decoder, aligner, detector };

constexpr Role allRoles[] = {Role::encoder, Role::decoder, Role::aligner, Role::detector};

inline const char* nameOf(Role role) {
    constexpr const char* names[] = {"encoder", "decoder", "aligner", "detector"};
    return names[static_cast<int>(role)];
}

inline void load(Role role, const Bytes& bytes) {
    switch (role) {
        case Role::encoder:
            cv::drgan::Encoder::create(bytes);
            break;
        case Role::decoder:
            cv::drgan::Decoder::create(bytes);
            break;
        case Role::aligner:
            cv::drgan::Aligner::create(bytes);
            break;
        case Role::detector:
            cv::drgan::Detector::create(bytes);
            break;
    }
}

inline Bytes make(Role role, const TinyOptions& options) {
    return role == Role::encoder   ? tinyEncoder(options)
           : role == Role::decoder ? tinyDecoder(options)
           : role == Role::aligner ? tinyAligner(options)
                                   : tinyDetector(options);
}

inline void expectRefused(Role role, const TinyOptions& options, std::vector<std::string> parts) {
    parts.push_back(nameOf(role) + std::string(" in memory"));
    expectError([&] { load(role, make(role, options)); }, parts);
}

}  // namespace drgan_test

#endif
