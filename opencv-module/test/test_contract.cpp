// SPDX-License-Identifier: Apache-2.0
//
// Models that break the contract: the error names the model, the key or tensor, what was found and what was expected.
#include <gtest/gtest.h>

#include <opencv2/drgan.hpp>
#include <opencv2/drgan/model_contract.hpp>

#include "expect_error.hpp"
#include "roles.hpp"
#include "tiny_onnx.hpp"

namespace contract = cv::drgan::contract;
using cv::drgan::Aligner;
using cv::drgan::Decoder;
using cv::drgan::Encoder;
using drgan_test::allRoles;
using drgan_test::expectError;
using drgan_test::expectRefused;
using drgan_test::load;
using drgan_test::Role;
using drgan_test::tinyAligner;
using drgan_test::tinyDecoder;
using drgan_test::tinyDetector;
using drgan_test::tinyEncoder;
using drgan_test::TinyOptions;

namespace {

std::vector<const char*> keysOf(Role role) {
    std::vector<const char*> keys = {contract::keyVersion,   contract::keyRole,       contract::keyBundleId,
                                     contract::keyImageSize, contract::keyColorOrder, contract::keyPixelRange};
    switch (role) {
        case Role::encoder:
            keys.insert(keys.end(), {contract::keyEmbeddingSize, contract::keyAlignEyes, contract::keyAlignEyeMouth});
            break;
        case Role::decoder:
            keys.insert(keys.end(), {contract::keyEmbeddingSize, contract::keyPoseYaws, contract::keyNoiseSize});
            break;
        case Role::aligner:
            keys.push_back(contract::keyCropFactor);
            break;
        case Role::detector:
            break;
    }
    return keys;
}

}  // namespace

TEST(Contract, ValidModelsLoad) {
    for (const int size : {4, 16, 96}) {
        TinyOptions options;
        options.imageSize = size;
        EXPECT_NO_THROW(load(Role::encoder, tinyEncoder(options))) << size;
        EXPECT_NO_THROW(load(Role::decoder, tinyDecoder(options))) << size;
        EXPECT_NO_THROW(load(Role::aligner, tinyAligner(options))) << size;
        EXPECT_NO_THROW(load(Role::detector, tinyDetector(options))) << size;
    }
}

TEST(Contract, EveryKeyMustBeThereOnce) {
    for (const Role role : allRoles) {
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
    const Role e = Role::encoder, d = Role::decoder, a = Role::aligner;
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
        {a, contract::keyVersion, "2"},
        {a, contract::keyRole, "encoder"},
        {a, contract::keyBundleId, ""},
        {a, contract::keyImageSize, "0"},
        {a, contract::keyColorOrder, "BGR"},
        {a, contract::keyPixelRange, "1,-1"},
        {a, contract::keyCropFactor, "0.9"},
        {a, contract::keyCropFactor, "4.5"},
        {a, contract::keyCropFactor, "nan"},
        {a, contract::keyCropFactor, "1.8,1.8"},
        {a, contract::keyCropFactor, "1,8 boxes"},
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
                          {Role::decoder, contract::keyNoiseSize, "50", contract::decoderNoise},
                          {Role::aligner, contract::keyImageSize, "32", contract::alignerCrop}};
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
    for (const char* name :
         {contract::alignerCrop, contract::alignerLandmarks, contract::alignerYaw, contract::alignerScore}) {
        TinyOptions options;
        options.rename[name] = "other";
        expectRefused(Role::aligner, options, {std::string("\"") + name + "\"", "missing", "other"});
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
        declared.declare[contract::alignerCrop] = shape;
        expectRefused(Role::aligner, declared, {"\"crop\"", "expected float [N,3,16,16]"});
    }
    const std::pair<const char*, const char*> outputs[] = {{contract::alignerLandmarks, "expected float [N,10]"},
                                                           {contract::alignerYaw, "expected float [N,1]"},
                                                           {contract::alignerScore, "expected float [N,1]"}};
    for (const auto& output : outputs) {
        TinyOptions declared;
        declared.declare[output.first] = {-1, 5};
        expectRefused(Role::aligner, declared, {output.first, "got float [N,5]", output.second});
    }
}

TEST(Contract, ADetectorHasThreeMapsOfFreeSides) {
    for (int i = 0; i < 3; ++i) {
        for (const char* name :
             {contract::detectorScore[i], contract::detectorBox[i], contract::detectorLandmarks[i]}) {
            SCOPED_TRACE(name);
            TinyOptions renamed, declared;
            renamed.rename[name] = "other";
            expectRefused(Role::detector, renamed, {std::string("\"") + name + "\"", "missing"});
            declared.declare[name] = {-1, 7, -1, -1};
            expectRefused(Role::detector, declared, {name, "got float [N,7,?,?]", "expected float [N,", ",?,?]"});
        }
    }
    TinyOptions fixed;
    fixed.declare[contract::detectorImage] = {1, 3, 320, 320};
    expectRefused(Role::detector, fixed, {"\"image\"", "got float [1,3,320,320]", "expected float [N,3,?,?]"});
}

TEST(Contract, AnAlignerNeedsNoEmbeddingSize) {
    TinyOptions options;
    options.metadata[contract::keyEmbeddingSize] = "what a bundle's writer may add all the same";
    EXPECT_NO_THROW(load(Role::aligner, tinyAligner(options)));
}

TEST(Contract, WhatTheNetworkReallyGivesIsChecked) {
    // Metadata and declared shapes agree with each other, but not with the network.
    TinyOptions options;
    options.metadata[contract::keyEmbeddingSize] = "9";
    options.declare[contract::encoderEmbedding] = {-1, 9};
    expectRefused(Role::encoder, options, {"\"embedding\"", "[2,8]", "[2,9]"});
}

TEST(Contract, ANetworkThatGivesNoNumbersIsRefused) {
    TinyOptions options;
    options.nanWeights = true;
    expectRefused(Role::encoder, options, {"\"embedding\"", "NaN", "finite"});
    expectRefused(Role::aligner, options, {"\"yaw\"", "NaN", "finite"});
}

TEST(Contract, SwappedModelsAreRefused) {
    expectError([] { Encoder::create(tinyDecoder()); }, {"drgan.role", "\"decoder\"", "\"encoder\""});
    expectError([] { Decoder::create(tinyEncoder()); }, {"drgan.role", "\"encoder\"", "\"decoder\""});
    expectError([] { Aligner::create(tinyEncoder()); }, {"drgan.role", "\"encoder\"", "\"aligner\""});
    expectError([] { Encoder::create(tinyAligner()); }, {"drgan.role", "\"aligner\"", "\"encoder\""});
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
    expectError([&] { Aligner::create(dir.path() + "/aligner.onnx"); }, {"/aligner.onnx", "cannot be opened"});
    drgan_test::writeFile(dir.path() + "/aligner.onnx", tinyAligner());
    EXPECT_NO_THROW(Aligner::create(dir.path() + "/aligner.onnx"));
}
