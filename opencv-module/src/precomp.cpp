// SPDX-License-Identifier: Apache-2.0
#include "precomp.hpp"

namespace cv {
namespace drgan {

Mat matrix(InputArray input) {
    const Mat given = input.getMat();
    if (given.dims != 1) {
        return given;
    }
    const int row[] = {1, static_cast<int>(given.total())};
    return given.reshape(0, 2, row);
}

std::string describe(const Mat& m) {
    if (m.empty()) {
        return "an empty matrix";
    }
    if (m.dims != 2) {
        return cv::format("%s with %d dimensions", typeToString(m.type()).c_str(), m.dims);
    }
    return cv::format("%s of %d rows x %d columns", typeToString(m.type()).c_str(), m.rows, m.cols);
}

// imread() returns one for a 16-bit PNG or TIFF with IMREAD_UNCHANGED or IMREAD_ANYDEPTH.
const char* depthHint(const Mat& picture) {
    return !picture.empty() && picture.depth() == CV_16U ? "; convertTo(dst, CV_8U, 1. / 257) makes it 8-bit" : "";
}

Mat embeddingRow(InputArray embedding, const char* name, int length) {
    const Mat given = matrix(embedding);
    if (given.empty() || given.type() != CV_32FC1 || given.dims != 2 || (given.rows != 1 && given.cols != 1)) {
        CV_Error(Error::StsBadArg,
                 cv::format("%s: got %s, expected a CV_32FC1 vector (1xNf or Nfx1)", name, describe(given).c_str()));
    }
    const int n = static_cast<int>(given.total());
    if (length > 0 && n != length) {
        CV_Error(Error::StsUnmatchedSizes,
                 cv::format("%s: got %d values, expected %d (the embedding size Nf)", name, n, length));
    }
    // clone() first: a column of a larger matrix is not continuous and cannot be reshaped.
    Mat row = given.clone().reshape(1, 1);
    if (!checkRange(row)) {
        CV_Error(Error::StsOutOfRange, cv::format("%s: contains NaN or infinity, expected finite values", name));
    }
    return row;
}

}  // namespace drgan
}  // namespace cv
