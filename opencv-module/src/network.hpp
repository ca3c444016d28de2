// SPDX-License-Identifier: Apache-2.0
//
// A cv::dnn network as encoder and decoder use it.

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

/// The bytes of a model, which an object and its clones have in common.
using ModelBytes = std::shared_ptr<const std::vector<uchar>>;

class Network {
public:
    /// @param where names the model in messages
    /// @throws cv::Exception if cv::dnn cannot read the model or has no such backend and target
    Network(ModelBytes model, const std::string& where, int backendId, int targetId);
    // A copy of a dnn::Net is the same network once more.
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    /// A network of its own from the same bytes, for another thread. For any thread, also while this one runs.
    Network clone() const;

    /// Runs the network once on zeros, so that outputs of other shapes, and whatever the backend cannot do, show now
    /// and not on the first picture.
    void verify(const std::vector<Blob>& inputs, const std::vector<Blob>& outputs);

    /// One forward pass. @return matrices of the caller's own, in the order of `outputs`, finite unless `finite` is
    /// false: then NaN and infinity are the caller's to deal with
    std::vector<Mat> run(const std::vector<Blob>& inputs, const std::vector<Mat>& blobs,
                         const std::vector<Blob>& outputs, bool finite = true);

    const std::string& where() const { return where_; }

private:
    const ModelBytes model_;
    dnn::Net net_;
    const std::string where_;
    const int backendId_, targetId_;
};

/// Writes a picture (8-bit, 1, 3 or 4 channels, of the blob's size) into row i of an [N,3,S,S] blob: planes R, G, B, in
/// which byte 0 is `low` and byte 255 is `high`.
void writePlanes(const Mat& picture, float low, float high, int i, Mat& blob);

/// Reads a model file of at most maxModelBytes.
ModelBytes readModelFile(const String& path);

}  // namespace drgan
}  // namespace cv

#endif
