// SPDX-License-Identifier: Apache-2.0
//
// A cv::dnn network with named and checked inputs and outputs.

#ifndef OPENCV_DRGAN_NETWORK_HPP
#define OPENCV_DRGAN_NETWORK_HPP

#include <memory>
#include <opencv2/dnn.hpp>
#include <string>
#include <vector>

#include "precomp.hpp"

namespace cv {
namespace drgan {

/// A network input or output: its name and the NCHW or NC shape of its blob.
struct Blob {
    const char* name;
    std::vector<int> shape;
};

/// The bytes of a model, shared by an object and its clones.
using ModelBytes = std::shared_ptr<const std::vector<uchar>>;

class Network {
public:
    /// @param where names the model in messages
    /// @throws cv::Exception if cv::dnn cannot read the model or has no such backend and target
    Network(ModelBytes model, const std::string& where, int backendId, int targetId);
    // Copies of a dnn::Net share one network.
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    /// Creates another network from the same bytes. May be called from any thread, also while this one runs.
    Network clone() const;

    /// Runs the network once on zeros, so that wrong output shapes and anything that the backend does not support are
    /// detected now and not on the first picture.
    void verify(const std::vector<Blob>& inputs, const std::vector<Blob>& outputs);

    /// Runs one forward pass. @param finite whether NaN and infinity are errors
    /// @return new matrices, in the order of `outputs`
    std::vector<Mat> run(const std::vector<Blob>& inputs, const std::vector<Mat>& blobs,
                         const std::vector<Blob>& outputs, bool finite = true);

    const std::string& where() const { return where_; }

private:
    void prepareFor(int batch);

    const ModelBytes model_;
    dnn::Net net_;
    const std::string where_;
    const int backendId_, targetId_;
    int largestBatch_ = 0;  // that net_ has run
};

/// Writes a picture (8-bit, 1, 3 or 4 channels, of the blob's size) into row i of an [N,3,S,S] blob: planes R, G, B,
/// scaled so that byte 0 becomes `low` and byte 255 becomes `high`.
void writePlanes(const Mat& picture, float low, float high, int i, Mat& blob);

/// Reads a model file of at most maxModelBytes.
ModelBytes readModelFile(const String& path);

}  // namespace drgan
}  // namespace cv

#endif
