// SPDX-License-Identifier: Apache-2.0
#include <opencv2/core.hpp>

#include "contract.hpp"
#include "entries.hpp"
#include "onnx_batch.hpp"
#include "scratch.hpp"

namespace drgan_fuzz {

namespace {

template <typename Check>
void check(Check check, const cv::drgan::OnnxMetadata& metadata) {
    try {
        check(metadata, "fuzz.onnx");
    } catch (const cv::Exception&) {
    }
}

}  // namespace

Verdict onnx(const uint8_t* data, size_t size) {
    silenceErrors();
    cv::drgan::OnnxMetadata metadata;
    try {
        metadata = cv::drgan::readOnnxMetadata(data, size, "fuzz.onnx");
        cv::drgan::withoutBatchNames(std::make_shared<const std::vector<uchar>>(data, data + size), "fuzz.onnx");
    } catch (const cv::Exception&) {
        return Verdict::refused;
    }
    check(cv::drgan::checkEncoder, metadata);
    check(cv::drgan::checkDecoder, metadata);
    check(cv::drgan::checkAligner, metadata);
    check(cv::drgan::checkDetector, metadata);
    return Verdict::accepted;
}

}  // namespace drgan_fuzz
