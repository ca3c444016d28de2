// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "precomp.hpp"

namespace cv {
namespace drgan {

namespace {

void checkConfidence(float w) {
    if (!std::isfinite(w) || w < 0) {
        CV_Error(Error::StsOutOfRange, cv::format("confidence: got %g, expected a finite value >= 0", w));
    }
}

}  // namespace

void fuse(InputArray embeddings, InputArray confidences, OutputArray fused) {
    const Mat rows = matrix(embeddings);
    if (rows.empty() || rows.dims != 2 || rows.type() != CV_32FC1) {
        CV_Error(Error::StsBadArg, cv::format("embeddings: got %s, expected CV_32FC1 of n rows x Nf columns, n >= 1",
                                              describe(rows).c_str()));
    }
    const Mat weights = matrix(confidences);
    if (weights.empty() || weights.dims != 2 || weights.type() != CV_32FC1 ||
        (weights.rows != 1 && weights.cols != 1)) {
        CV_Error(Error::StsBadArg,
                 cv::format("confidences: got %s, expected %d CV_32FC1 values", describe(weights).c_str(), rows.rows));
    }
    if (weights.total() != static_cast<size_t>(rows.rows)) {
        CV_Error(Error::StsUnmatchedSizes, cv::format("confidences: got %d values, expected %d, one per embedding",
                                                      static_cast<int>(weights.total()), rows.rows));
    }
    Template all;
    for (int i = 0; i < rows.rows; ++i) {
        all.add(rows.row(i), weights.rows == 1 ? weights.at<float>(0, i) : weights.at<float>(i, 0));
    }
    all.fused(fused);
}

void Template::add(InputArray embedding, float confidence) {
    checkConfidence(confidence);
    const Mat row = embeddingRow(embedding, "embedding", size_ == 0 ? 0 : plain_.cols);
    if (size_ == 0) {
        // New matrices: a copy of this template may still share the old ones.
        weighted_ = Mat::zeros(1, row.cols, CV_64F);
        plain_ = Mat::zeros(1, row.cols, CV_64F);
    }
    Mat precise;
    row.convertTo(precise, CV_64F);
    // New matrices: copies of a template share the old ones and must not change.
    Mat weighted, plain;
    scaleAdd(precise, confidence, weighted_, weighted);
    cv::add(plain_, precise, plain);
    weighted_ = weighted;
    plain_ = plain;
    total_ += confidence;
    ++size_;
}

void Template::fused(OutputArray embedding) const {
    if (size_ == 0) {
        CV_Error(Error::StsError, "Template: got no embedding yet, expected at least one add()");
    }
    const Mat mean = total_ > tinyTotalConfidence ? Mat(weighted_ / total_) : Mat(plain_ / size_);
    mean.convertTo(embedding, CV_32F);
}

int Template::size() const { return size_; }

double Template::totalConfidence() const { return total_; }

void Template::reset() { *this = Template(); }

}  // namespace drgan
}  // namespace cv
