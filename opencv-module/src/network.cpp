// SPDX-License-Identifier: Apache-2.0
#include "network.hpp"

#include "backend.hpp"
#include "file_io.hpp"
#include "onnx_batch.hpp"
#include "onnx_metadata.hpp"

namespace cv {
namespace drgan {

namespace {

std::string shapeText(const std::vector<int>& shape) {
    std::string text;
    for (const int n : shape) {
        text += (text.empty() ? "[" : ",") + std::to_string(n);
    }
    return text.empty() ? "[]" : text + "]";
}

std::vector<int> shapeOf(const Mat& blob) { return std::vector<int>(blob.size.p, blob.size.p + blob.dims); }

[[noreturn]] void rethrow(const std::exception& error, const std::string& where, const char* doing) {
    const auto* inner = dynamic_cast<const cv::Exception*>(&error);
    CV_Error(inner ? static_cast<Error::Code>(inner->code) : Error::StsError,
             format("%s: cv::dnn cannot %s it: %s", where.c_str(), doing, inner ? inner->err.c_str() : error.what()));
}

}  // namespace

Network::Network(ModelBytes model, const std::string& where, int backendId, int targetId)
    : model_(withoutBatchNames(std::move(model), where)),
      where_(where),
      backendId_(checkBackend(backendId, targetId, where)),
      targetId_(targetId) {
    try {
        net_ = readNetwork(*model_, backendId_, targetId_);
        CV_Assert(!net_.empty());
    } catch (const std::exception& error) {
        rethrow(error, where_, "read");
    }
}

Network Network::clone() const { return Network(model_, where_, backendId_, targetId_); }

void Network::verify(const std::vector<Blob>& inputs, const std::vector<Blob>& outputs) {
    std::vector<Mat> zeros;
    try {
        for (const Blob& input : inputs) {
            zeros.push_back(Mat(input.shape, CV_32F, Scalar(0)));
        }
        run(inputs, zeros, outputs);
    } catch (const std::exception& error) {
        rethrow(error, where_, "run");
    }
}

/// Reads the network again if the batch is larger than all before it: in OpenCV 5.0, a Gemm whose first batch was small
/// overruns its stack on a large one.
void Network::prepareFor(int batch) {
    if (CV_VERSION_MAJOR >= 5 && batch > largestBatch_) {
        if (largestBatch_ > 0) {
            net_ = readNetwork(*model_, backendId_, targetId_);
        }
        largestBatch_ = batch;
    }
}

std::vector<Mat> Network::run(const std::vector<Blob>& inputs, const std::vector<Mat>& blobs,
                              const std::vector<Blob>& outputs, bool finite) {
    prepareFor(blobs[0].size[0]);
    std::vector<String> names;
    for (size_t i = 0; i < inputs.size(); ++i) {
        net_.setInput(blobs[i], inputs[i].name);
    }
    for (const Blob& output : outputs) {
        names.emplace_back(output.name);
    }
    std::vector<Mat> results;
    net_.forward(results, names);
    CV_Assert(results.size() == outputs.size());
    for (size_t i = 0; i < results.size(); ++i) {
        if (results[i].type() != CV_32F || shapeOf(results[i]) != outputs[i].shape) {
            CV_Error(Error::StsUnmatchedSizes,
                     format("%s: output \"%s\": got %s %s, expected CV_32F %s", where_.c_str(), outputs[i].name,
                            typeToString(results[i].type()).c_str(), shapeText(shapeOf(results[i])).c_str(),
                            shapeText(outputs[i].shape).c_str()));
        }
        results[i] = results[i].clone();  // cv::dnn reuses the memory for the next result
        if (finite && !checkRange(results[i].reshape(1, 1))) {
            CV_Error(Error::StsOutOfRange, format("%s: output \"%s\": got NaN or infinity, expected finite values",
                                                  where_.c_str(), outputs[i].name));
        }
    }
    return results;
}

void writePlanes(const Mat& picture, float low, float high, int i, Mat& blob) {
    const double scale = (static_cast<double>(high) - low) / 255;
    for (int c = 0; c < 3; ++c) {
        Mat plane(picture.size(), CV_32F, blob.ptr<float>(i, c));
        Mat channel = picture;
        if (picture.channels() > 1) {
            extractChannel(picture, channel, 2 - c);  // blue comes first in the picture
        }
        channel.convertTo(plane, CV_32F, scale, low);
    }
}

ModelBytes readModelFile(const String& path) {
    return std::make_shared<const std::vector<uchar>>(readFile(path, maxModelBytes));
}

}  // namespace drgan
}  // namespace cv
