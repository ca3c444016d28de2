// SPDX-License-Identifier: Apache-2.0
//
// A cv::dnn network as encoder and decoder use it.

#ifndef OPENCV_DRGAN_NETWORK_HPP
#define OPENCV_DRGAN_NETWORK_HPP

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

/// @param where names the model in the message
/// @throws cv::Exception if cv::dnn has no such backend and target
void checkBackend(int backendId, int targetId, const std::string& where);

class Network {
public:
    /// @param where names the model in messages
    /// @throws cv::Exception if cv::dnn cannot read the model or has no such backend and target
    Network(const std::vector<uchar>& model, const std::string& where, int backendId, int targetId);

    /// Runs the network once on zeros, so that outputs of other shapes, and whatever the backend cannot do, show now
    /// and not on the first picture.
    void verify(const std::vector<Blob>& inputs, const std::vector<Blob>& outputs);

    /// One forward pass. @return matrices of the caller's own, in the order of `outputs`, finite unless `finite` is
    /// false: then NaN and infinity are the caller's to deal with
    std::vector<Mat> run(const std::vector<Blob>& inputs, const std::vector<Mat>& blobs,
                         const std::vector<Blob>& outputs, bool finite = true);

    const std::string& where() const { return where_; }

private:
    dnn::Net net_;
    std::string where_;
};

/// Writes a picture (8-bit, 1, 3 or 4 channels, of the blob's size) into row i of an [N,3,S,S] blob: planes R, G, B, in
/// which byte 0 is `low` and byte 255 is `high`.
void writePlanes(const Mat& picture, float low, float high, int i, Mat& blob);

/// Reads a model file of at most maxModelBytes.
std::vector<uchar> readModelFile(const String& path);

}  // namespace drgan
}  // namespace cv

#endif
