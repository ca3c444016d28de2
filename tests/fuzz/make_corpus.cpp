// SPDX-License-Identifier: Apache-2.0
//
// Wrote the committed corpus: the output of the tests' tiny writers, and the same with typical faults.
//
//     make_corpus tests/fuzz/corpus
#include <cstdio>
#include <filesystem>
#include <functional>
#include <opencv2/drgan.hpp>
#include <string>

#include "tiny_onnx.hpp"

using drgan_test::TinyOptions;
using drgan_test::writeFile;

namespace {

TinyOptions smallest() {
    TinyOptions options;
    options.imageSize = 4;
    options.embeddingSize = 2;
    options.noiseSize = 1;
    options.poseYaws = {-90, 0, 90};
    return options;
}

void writeGalleries(const std::string& folder) {
    const auto gallery = cv::drgan::Gallery::createEmpty(2, "tiny");
    gallery->save(folder + "/valid-empty");
    gallery->add("Ann", cv::Mat((cv::Mat_<float>(1, 2) << 1, -2)), 0.5f);
    gallery->save(folder + "/valid-one");
    gallery->addFused("Zo\xc3\xab \xe6\x84\x9b", cv::Mat((cv::Mat_<float>(1, 2) << 3e-7f, 4)), 1e300, 2147483647);
    gallery->addFused("Ben", cv::Mat((cv::Mat_<float>(1, 2) << 0, 1e15f)), 0, 3);
    gallery->save(folder + "/valid-three");
    cv::drgan::Thresholds thresholds;
    thresholds.rates = {0.1, 0.001};
    thresholds.cosines = {0.25f, 0.5f};
    gallery->setThresholds(thresholds);
    gallery->save(folder + "/valid-thresholds");
    gallery->addPicture("Eve", cv::Mat((cv::Mat_<float>(1, 2) << 1, 0)), 0.5, 1, "a.jpg");
    gallery->addPicture("Eve", cv::Mat((cv::Mat_<float>(1, 2) << 1, 2)), 1.5, 3, "b.mp4");
    gallery->addPicture("Fay", cv::Mat((cv::Mat_<float>(1, 2) << 0, 2)), 1, 1, "a.jpg");
    gallery->save(folder + "/valid-pictures");
    const auto wide = cv::drgan::Gallery::createEmpty(64, "7ed378479f3fd663");
    cv::Mat row(1, 64, CV_32F);
    cv::RNG random(1);
    random.fill(row, cv::RNG::NORMAL, 0, 1);
    wide->add(std::string(200, 'x'), row, 1);
    wide->save(folder + "/valid-wide");
    writeFile(folder + "/magic-only", std::string("DRGANGAL"));
}

void writeModels(const std::string& folder) {
    const TinyOptions options = smallest();
    writeFile(folder + "/valid-encoder", drgan_test::tinyEncoder(options));
    writeFile(folder + "/valid-decoder", drgan_test::tinyDecoder(options));
    writeFile(folder + "/valid-aligner", drgan_test::tinyAligner(options));
    writeFile(folder + "/valid-detector", drgan_test::tinyDetector(options));
    const std::pair<const char*, std::function<void(TinyOptions&)>> faults[] = {
        {"external-data", [](TinyOptions& o) { o.externalData = true; }},
        {"short-data", [](TinyOptions& o) { o.shortData = true; }},
        {"key-twice", [](TinyOptions& o) { o.twiceMetadata = {"drgan.bundle_id"}; }},
    };
    for (const auto& [name, change] : faults) {
        TinyOptions changed = options;
        change(changed);
        writeFile(folder + "/" + name, drgan_test::tinyEncoder(changed));
    }
}

void writeManifests(const std::string& folder) {
    const std::string valid = drgan_test::tinyManifest(smallest(), 5, 5);
    writeFile(folder + "/valid-two-models", valid);
    TinyOptions measured = smallest();
    measured.thresholds = {{0.125, 0.25f}, {0.015625, 0.5f}};
    writeFile(folder + "/valid-thresholds", drgan_test::tinyManifest(measured, 5, 5));
    writeFile(folder + "/valid-four-models", drgan_test::tinyManifest(smallest(), 5, 5, 5, 5));
    writeFile(folder + "/empty-object", std::string("{}"));
    writeFile(folder + "/deep", std::string(17, '[') + std::string(17, ']'));
    writeFile(folder + "/zero-byte", std::string("{\"a\": \"b\0c\"}", 12));
    writeFile(folder + "/base64", std::string("{\"a\": \"$base64$AAAA\"}"));
    writeFile(folder + "/numbers",
              std::string("{\"contract_version\": 1e999, \"pose_yaws\": [-0, .5, 0x1, 1e-999, .Inf, -.Nan]}"));
    writeFile(folder + "/escapes", std::string("{\"bundle_id\": \"\\u0000\\n\\\"\\\\\", /* c */ \"x\": null}"));
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 2) {
        std::fprintf(stderr, "usage: make_corpus FOLDER\n");
        return 2;
    }
    const std::string folder = argv[1];
    for (const char* const name : {"gallery", "onnx", "manifest"}) {
        std::filesystem::create_directories(folder + "/" + name);
    }
    writeGalleries(folder + "/gallery");
    writeModels(folder + "/onnx");
    writeManifests(folder + "/manifest");
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "make_corpus: %s\n", error.what());
    return 1;
}
