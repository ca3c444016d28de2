// SPDX-License-Identifier: Apache-2.0
//
// Models that break the contract, or are no models at all. Whatever the bytes, the answer is a cv::Exception.
#include <gtest/gtest.h>

#include <opencv2/core/utils/logger.hpp>
#include <opencv2/drgan.hpp>
#include <opencv2/drgan/model_contract.hpp>
#include <set>

#include "expect_error.hpp"
#include "pictures.hpp"
#include "tiny_onnx.hpp"

namespace contract = cv::drgan::contract;
using cv::drgan::Decoder;
using cv::drgan::Encoder;
using drgan_test::expectError;
using drgan_test::tinyDecoder;
using drgan_test::tinyEncoder;
using drgan_test::TinyOptions;

namespace {

using Bytes = std::vector<uchar>;

enum class Role { encoder, decoder };

void load(Role role, const Bytes& bytes) {
    if (role == Role::encoder) {
        Encoder::create(bytes);
    } else {
        Decoder::create(bytes);
    }
}

Bytes make(Role role, const TinyOptions& options) {
    return role == Role::encoder ? tinyEncoder(options) : tinyDecoder(options);
}

void expectRefused(Role role, const TinyOptions& options, std::vector<std::string> parts) {
    parts.emplace_back(role == Role::encoder ? "encoder in memory" : "decoder in memory");
    expectError([&] { load(role, make(role, options)); }, parts);
}

std::vector<const char*> keysOf(Role role) {
    std::vector<const char*> keys = {contract::keyVersion,   contract::keyRole,          contract::keyBundleId,
                                     contract::keyImageSize, contract::keyEmbeddingSize, contract::keyColorOrder,
                                     contract::keyPixelRange};
    if (role == Role::encoder) {
        keys.insert(keys.end(), {contract::keyAlignEyes, contract::keyAlignEyeMouth});
    } else {
        keys.insert(keys.end(), {contract::keyPoseYaws, contract::keyNoiseSize});
    }
    return keys;
}

/// Loads bytes that may be anything: either they load or a cv::Exception says why not.
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

/// cv::dnn logs every node that it cannot read: thousands of lines where models are broken on purpose.
class QuietLog {
public:
    QuietLog() : old_(cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT)) {}
    ~QuietLog() { cv::utils::logging::setLogLevel(old_); }

private:
    cv::utils::logging::LogLevel old_;
};

/// A field of wire type 2 (a length and so many bytes).
std::string field(int number, const std::string& content) {
    return varint(static_cast<uint64_t>(number) << 3 | 2) + varint(content.size()) + content;
}

Bytes with(Bytes model, const std::string& tail) {
    model.insert(model.end(), tail.begin(), tail.end());
    return model;
}

}  // namespace

TEST(Contract, ValidModelsLoad) {
    for (const int size : {4, 16, 96}) {
        TinyOptions options;
        options.imageSize = size;
        EXPECT_NO_THROW(load(Role::encoder, tinyEncoder(options))) << size;
        EXPECT_NO_THROW(load(Role::decoder, tinyDecoder(options))) << size;
    }
}

TEST(Contract, EveryKeyMustBeThereOnce) {
    for (const Role role : {Role::encoder, Role::decoder}) {
        for (const char* key : keysOf(role)) {
            SCOPED_TRACE(key);
            TinyOptions missing, twice;
            missing.withoutMetadata = {key};
            expectRefused(role, missing, {key, "missing, expected"});
            twice.twiceMetadata = {key};
            expectRefused(role, twice, {key, "twice"});
        }
    }
}

TEST(Contract, EveryValueIsChecked) {
    struct Case {
        Role role;
        const char* key;
        const char* value;
    };
    const Role e = Role::encoder, d = Role::decoder;
    const Case cases[] = {
        {e, contract::keyVersion, "2"},
        {e, contract::keyVersion, ""},
        {d, contract::keyVersion, "1.0"},
        {e, contract::keyRole, "decoder"},
        {d, contract::keyRole, "Decoder"},
        {e, contract::keyBundleId, ""},
        {e, contract::keyImageSize, "0"},
        {e, contract::keyImageSize, "-16"},
        {e, contract::keyImageSize, "16.5"},
        {e, contract::keyImageSize, "16 px"},
        {e, contract::keyImageSize, "1000000000000000000000"},
        {d, contract::keyImageSize, "nan"},
        {e, contract::keyEmbeddingSize, "0"},
        {d, contract::keyEmbeddingSize, "8,8"},
        {e, contract::keyColorOrder, "BGR"},
        {d, contract::keyColorOrder, "rgb"},
        {e, contract::keyPixelRange, "1,-1"},
        {e, contract::keyPixelRange, "-1"},
        {e, contract::keyPixelRange, "-1;1"},
        {d, contract::keyPixelRange, "-1,1,"},
        {d, contract::keyPixelRange, "-1,inf"},
        {e, contract::keyAlignEyes, "0.5"},
        {e, contract::keyAlignEyes, "0.5,1.5"},
        {e, contract::keyAlignEyes, "a,b"},
        {e, contract::keyAlignEyeMouth, "0"},
        {e, contract::keyAlignEyeMouth, "0.36x"},
        {d, contract::keyPoseYaws, ""},
        {d, contract::keyPoseYaws, "-90,-45,0,45,45"},
        {d, contract::keyPoseYaws, "90,45,0,-45,-90"},
        {d, contract::keyPoseYaws, "-900,-45,0,45,90"},
        {d, contract::keyNoiseSize, "0"},
        {d, contract::keyNoiseSize, "four"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(std::string(c.key) + "=" + c.value);
        TinyOptions options;
        options.metadata[c.key] = c.value;
        expectRefused(c.role, options, {c.key, std::string("got \"") + c.value, "expected"});
    }
}

TEST(Contract, ShapesMustBeWhatTheMetadataSays) {
    struct Case {
        Role role;
        const char* key;
        const char* value;
        const char* tensor;
    };
    const Case cases[] = {{Role::encoder, contract::keyImageSize, "32", contract::encoderImage},
                          {Role::encoder, contract::keyEmbeddingSize, "9", contract::encoderEmbedding},
                          {Role::decoder, contract::keyImageSize, "32", contract::decoderFace},
                          {Role::decoder, contract::keyEmbeddingSize, "9", contract::decoderEmbedding},
                          {Role::decoder, contract::keyPoseYaws, "-90,90", contract::decoderPose},
                          {Role::decoder, contract::keyNoiseSize, "50", contract::decoderNoise}};
    for (const Case& c : cases) {
        SCOPED_TRACE(c.key);
        TinyOptions options;
        options.metadata[c.key] = c.value;
        expectRefused(c.role, options, {std::string("\"") + c.tensor + "\"", "got float [N,", "expected float [N,"});
    }
}

TEST(Contract, EveryTensorMustBeThereByName) {
    for (const char* name : {contract::encoderImage, contract::encoderEmbedding, contract::encoderConfidence}) {
        TinyOptions options;
        options.rename[name] = "other";
        expectRefused(Role::encoder, options, {std::string("\"") + name + "\"", "missing", "other"});
    }
    for (const char* name :
         {contract::decoderEmbedding, contract::decoderPose, contract::decoderNoise, contract::decoderFace}) {
        TinyOptions options;
        options.rename[name] = "other";
        expectRefused(Role::decoder, options, {std::string("\"") + name + "\"", "missing", "other"});
    }
}

TEST(Contract, TensorsMustBeFloatOfTheRightRank) {
    TinyOptions options;
    options.elementType = 10;  // float16
    expectRefused(Role::encoder, options, {"\"image\"", "data type 10", "expected float"});
    for (const std::vector<int64_t>& shape :
         {std::vector<int64_t>{}, {-1, 3, 16}, {-1, 1, 16, 16}, {-1, 3, -1, -1}, {0, 3, 16, 16}, {-1, 16, 16, 3}}) {
        TinyOptions declared;
        declared.declare[contract::encoderImage] = shape;
        expectRefused(Role::encoder, declared, {"\"image\"", "expected float [N,3,16,16]"});
    }
}

TEST(Contract, WhatTheNetworkReallyGivesIsChecked) {
    // Metadata and declared shapes agree with each other and lie about the network.
    TinyOptions options;
    options.metadata[contract::keyEmbeddingSize] = "9";
    options.declare[contract::encoderEmbedding] = {-1, 9};
    expectRefused(Role::encoder, options, {"\"embedding\"", "[2,8]", "[2,9]"});
}

TEST(Contract, ANetworkThatGivesNoNumbersIsRefused) {
    TinyOptions options;
    options.nanWeights = true;
    expectRefused(Role::encoder, options, {"\"embedding\"", "NaN", "finite"});
}

TEST(Contract, SwappedModelsAreRefused) {
    expectError([] { Encoder::create(tinyDecoder()); }, {"drgan.role", "\"decoder\"", "\"encoder\""});
    expectError([] { Decoder::create(tinyEncoder()); }, {"drgan.role", "\"encoder\"", "\"decoder\""});
}

TEST(Contract, MessagesNameTheFile) {
    const drgan_test::TempDir dir;
    const std::string path = dir.path() + "/encoder.onnx";
    expectError([&] { Encoder::create(path); }, {path, "cannot be opened"});
    expectError([&] { Encoder::create(dir.path()); }, {dir.path(), "cannot be opened"});
    expectError([&] { Encoder::create(cv::String()); }, {"empty path"});
    drgan_test::writeFile(path, std::string());
    expectError([&] { Encoder::create(path); }, {path, "0 bytes"});
    drgan_test::writeFile(path, tinyDecoder());
    expectError([&] { Encoder::create(path); }, {path, "drgan.role"});
    drgan_test::writeFile(path, tinyEncoder());
    EXPECT_NO_THROW(Encoder::create(path));
    EXPECT_NO_THROW(Encoder::create(tinyEncoder()));
}

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
        {std::string("\x08\xff\xff"), "cut off"},
        {std::string("\x72\x7f"), "claims 127 bytes where 0 are left"},
        {std::string("\x72") + std::string(9, '\xff') + '\x01', "claims 18446744073709551615 bytes"},
        {std::string("\x03"), "field number 0"},
        {std::string("\x0b"), "wire type 3"},  // groups
        {std::string("\x0d\x01\x02"), "cut off"},
        {std::string("\x70\x05"), "metadata_props"},  // an integer where a message belongs
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
        {dims({2}) + floats + field(4, "123456789"), "no whole number"},
        {dims({1}) + floats + field(7, "\x01"), "expected 1"},                     // integers in a float tensor
        {dims({1}) + floats + field(4, "1234") + field(9, "1234"), "expected 1"},  // both forms at once
        {dims({2}) + integers + field(7, "\x01") + field(10, "12345678"), "two types"},
        {dims({2}) + integers + field(7, "\x01\xff"), "cut off"},
        {dims({uint64_t(1) << 40}) + floats, "absurdly large"},
        {dims({65536, 65536, 65536, 65536, 65536}) + floats, "absurdly large"},
        {dims({~uint64_t(0)}) + floats, "absurdly large"},
        {dims({1, 1, 1, 1, 1, 1, 1, 1, 1}) + floats, "more than 8 dimensions"},
        {dims({1}) + texts, "data type 8"},
        {dims({1}) + floats + outside, "another file"},
    };
    for (const auto& c : cases) {
        expectError([&] { load(Role::encoder, model(c.first)); }, {c.second, "encoder in memory"});
    }
    // Tensors hide in attributes too; graphs inside nodes are not followed but refused.
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
    for (const Role role : {Role::encoder, Role::decoder}) {
        const Bytes whole = make(role, TinyOptions());
        for (size_t length = 0; length < whole.size(); ++length) {
            EXPECT_FALSE(loadsOrThrows(role, Bytes(whole.begin(), whole.begin() + static_cast<long>(length))))
                << length;
        }
    }
}

TEST(HostileModel, FlippedBitsNeverCrash) {
    // Flipped bits of a weight load, most others are refused here, and some hundreds reach cv::dnn's importer.
    const QuietLog quiet;
    for (const Role role : {Role::encoder, Role::decoder}) {
        const Bytes whole = make(role, TinyOptions());
        int loaded = 0, refused = 0;
        for (size_t i = 0; i < whole.size(); ++i) {
            // Every third bit: the whole took three times as long and found nothing more.
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
