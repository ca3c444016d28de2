// SPDX-License-Identifier: Apache-2.0
//
// Models that are damaged by accident or on purpose: any bytes either load or throw a cv::Exception.
#include <gtest/gtest.h>

#include <opencv2/core/utils/logger.hpp>
#include <opencv2/drgan.hpp>

#include "expect_error.hpp"
#include "roles.hpp"
#include "tiny_onnx.hpp"

using drgan_test::allRoles;
using drgan_test::Bytes;
using drgan_test::expectError;
using drgan_test::expectRefused;
using drgan_test::load;
using drgan_test::make;
using drgan_test::Role;
using drgan_test::tinyEncoder;
using drgan_test::TinyOptions;

namespace {

/// Loads arbitrary bytes: either they load or a cv::Exception says why not.
/// @return whether they loaded
bool loadsOrThrows(Role role, const Bytes& bytes) {
    try {
        load(role, bytes);
        return true;
    } catch (const cv::Exception& error) {
        EXPECT_FALSE(error.err.empty());
        return false;
    }
}

std::string varint(uint64_t value) {
    std::string bytes;
    for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
    return bytes + static_cast<char>(value);
}

/// cv::dnn logs every node that it cannot read, which is thousands of lines here.
class QuietLog {
public:
    QuietLog() : old_(cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT)) {}
    ~QuietLog() { cv::utils::logging::setLogLevel(old_); }

private:
    cv::utils::logging::LogLevel old_;
};

/// A field of wire type 2 (a length and that many bytes).
std::string field(int number, const std::string& content) {
    return varint(static_cast<uint64_t>(number) << 3 | 2) + varint(content.size()) + content;
}

/// An aligner's weights grow with its crop.
TinyOptions smallest(Role role) {
    TinyOptions options;
    if (role == Role::aligner) options.imageSize = 4;
    return options;
}

Bytes with(Bytes model, const std::string& tail) {
    model.insert(model.end(), tail.begin(), tail.end());
    return model;
}

}  // namespace

TEST(HostileModel, DataInOtherFilesIsRefused) {
    TinyOptions options;
    options.externalData = true;
    expectRefused(Role::encoder, options, {"\"w1\"", "another file"});
    expectRefused(Role::decoder, options, {"\"w\"", "another file"});
}

TEST(HostileModel, WeightsShorterThanTheirDimensionsAreRefused) {
    TinyOptions options;
    options.shortData = true;
    expectRefused(Role::encoder, options, {"\"w1\"", "holds 161 elements, expected 162"});
}

TEST(HostileModel, MalformedProtobufIsRefused) {
    const Bytes valid = tinyEncoder();
    const std::string tooLong(10, '\xff');
    const std::pair<std::string, const char*> tails[] = {
        {std::string("\x08") + tooLong + '\x01', "longer than 64 bits"},  // varint of 11 bytes
        {std::string("\x08\xff\xff"), "truncated"},
        {std::string("\x72\x7f"), "claims 127 bytes where 0 are left"},
        {std::string("\x72") + std::string(9, '\xff') + '\x01', "claims 18446744073709551615 bytes"},
        {std::string("\x03"), "field number 0"},
        {std::string("\x0b"), "wire type 3"},  // groups
        {std::string("\x0d\x01\x02"), "truncated"},
        {std::string("\x70\x05"), "metadata_props"},  // an integer instead of a message
        {field(7, ""), "two graphs"},
        {field(25, ""), "functions"},
        {field(14, field(1, "key") + field(2, std::string(100000, 'x'))), "at most 65536"},
        {field(14, field(1, std::string(10000, 'x'))), "at most 4096"},
    };
    for (const auto& tail : tails) {
        expectError([&] { load(Role::encoder, with(valid, tail.first)); }, {tail.second, "encoder in memory"});
    }
    std::string many;
    for (int i = 0; i < 300; ++i) many += field(14, field(1, "key" + std::to_string(i)));
    expectError([&] { load(Role::encoder, with(valid, many)); }, {"more than 256 metadata entries"});
    EXPECT_TRUE(loadsOrThrows(Role::encoder, with(valid, field(14, field(1, "someone.elses") + field(2, "entry")))));
}

TEST(HostileModel, TensorsThatDoNotAddUpAreRefused) {
    const auto model = [](const std::string& tensor) {
        const std::string text = field(7, field(5, tensor)) + field(8, std::string("\x10\x0b", 2));
        return Bytes(text.begin(), text.end());
    };
    const auto dims = [](std::initializer_list<uint64_t> sizes) {
        std::string packed;
        for (const uint64_t s : sizes) packed += varint(s);
        return field(1, packed);
    };
    const std::string floats("\x10\x01", 2), integers("\x10\x07", 2), texts("\x10\x08", 2), outside("\x70\x01", 2);
    const std::pair<std::string, const char*> cases[] = {
        {dims({2}) + floats + field(9, "1234"), "holds 1 elements, expected 2"},
        {dims({2}) + floats + field(9, "12345678901"), "expected 2"},
        {dims({2}) + floats + field(4, "123456789"), "not a multiple"},
        {dims({1}) + floats + field(7, "\x01"), "expected 1"},                     // integers in a float tensor
        {dims({1}) + floats + field(4, "1234") + field(9, "1234"), "expected 1"},  // both forms at once
        {dims({2}) + integers + field(7, "\x01") + field(10, "12345678"), "two types"},
        {dims({2}) + integers + field(7, "\x01\xff"), "truncated"},
        {dims({uint64_t(1) << 40}) + floats, "far too large"},
        {dims({65536, 65536, 65536, 65536, 65536}) + floats, "far too large"},
        {dims({~uint64_t(0)}) + floats, "far too large"},
        {dims({1, 1, 1, 1, 1, 1, 1, 1, 1}) + floats, "more than 8 dimensions"},
        {dims({1}) + texts, "data type 8"},
        {dims({1}) + floats + outside, "another file"},
    };
    for (const auto& c : cases) {
        expectError([&] { load(Role::encoder, model(c.first)); }, {c.second, "encoder in memory"});
    }
    // Tensors may be in attributes, too; graphs inside nodes are refused.
    const auto inNode = [](const std::string& attribute) {
        const std::string text = field(7, field(1, field(5, attribute)));
        return Bytes(text.begin(), text.end());
    };
    expectError([&] { load(Role::encoder, inNode(field(5, dims({1}) + floats + outside))); }, {"another file"});
    expectError([&] { load(Role::encoder, inNode(field(6, ""))); }, {"feed-forward"});
}

TEST(HostileModel, NodesThatReadWhatNobodyMadeAreRefused) {
    const std::string opset = field(8, std::string("\x10\x0b", 2));
    const auto model = [&](const std::string& graph) {
        const std::string text = field(7, graph) + opset;
        return Bytes(text.begin(), text.end());
    };
    const std::string convolution = field(1, field(1, "x") + field(1, "w") + field(2, "y") + field(4, "Conv"));
    const std::string relu = field(1, field(1, "y") + field(2, "w") + field(4, "Relu"));
    const std::string input = field(11, field(1, "x"));
    expectError([&] { load(Role::encoder, model(convolution)); }, {"reads", "expected a graph input"});
    expectError([&] { load(Role::encoder, model(input + convolution)); }, {"reads \"w\""});
    expectError([&] { load(Role::encoder, model(input + convolution + relu)); }, {"reads \"w\"", "earlier"});
}

TEST(HostileModel, RandomBytesAreRefused) {
    cv::RNG random(5);
    for (int i = 0; i < 2000; ++i) {
        Bytes bytes(static_cast<size_t>(random.uniform(1, 200)));
        for (uchar& b : bytes) b = static_cast<uchar>(random.uniform(0, 256));
        EXPECT_FALSE(loadsOrThrows(Role::encoder, bytes));
    }
}

TEST(HostileModel, TruncatedAnywhereIsRefused) {
    for (const Role role : allRoles) {
        const Bytes whole = make(role, smallest(role));
        for (size_t length = 0; length < whole.size(); ++length) {
            EXPECT_FALSE(loadsOrThrows(role, Bytes(whole.begin(), whole.begin() + static_cast<long>(length))))
                << length;
        }
    }
}

TEST(HostileModel, FlippedBitsNeverCrash) {
    // Models with flipped bits in a weight load, most others are refused here, and some hundreds reach cv::dnn's
    // importer.
    const QuietLog quiet;
    for (const Role role : allRoles) {
        const Bytes whole = make(role, smallest(role));
        int loaded = 0, refused = 0;
        for (size_t i = 0; i < whole.size(); ++i) {
            // Every third bit: all bits took three times as long and found no other fault.
            for (int bit = 0; bit < 8; ++bit) {
                if ((i * 8 + static_cast<size_t>(bit)) % 3 != 0) continue;
                Bytes broken = whole;
                broken[i] = static_cast<uchar>(broken[i] ^ (1 << bit));
                (loadsOrThrows(role, broken) ? loaded : refused)++;
            }
        }
        EXPECT_GT(loaded, 0);
        EXPECT_GT(refused, 100);
    }
}
