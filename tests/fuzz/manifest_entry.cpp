// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <opencv2/drgan.hpp>

#include "entries.hpp"
#include "scratch.hpp"

namespace drgan_fuzz {

Verdict manifest(const uint8_t* data, size_t size) {
    silenceErrors();
    static const std::string folder = [] {
        const std::string path = scratchFolder() + "/bundle";
        std::filesystem::create_directories(path);
        for (const char* const model : {"encoder.onnx", "decoder.onnx", "aligner.onnx", "detector.onnx"}) {
            write(path + "/" + model, "model", 5);
        }
        return path;
    }();
    write(folder + "/manifest.json", data, size);
    try {
        const auto bundle = cv::drgan::Bundle::load(folder);
        if (bundle.id.empty() || bundle.encoder.empty() || bundle.decoder.empty() || bundle.poseYaws.empty() ||
            !(bundle.matchThreshold >= -1 && bundle.matchThreshold <= 1) ||
            (!bundle.thresholds.empty() && !(bundle.thresholds.naming(100) <= 1))) {
            finding("a bundle without what its manifest must say");
        }
    } catch (const cv::Exception&) {
        return Verdict::refused;
    }
    return Verdict::accepted;
}

}  // namespace drgan_fuzz
