// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cfloat>
#include <opencv2/imgproc.hpp>

#include "contract.hpp"
#include "network.hpp"

namespace cv {
namespace drgan {

namespace {

class EncoderImpl final : public Encoder {
public:
    EncoderImpl(const ModelBytes& model, const std::string& where, int backendId, int targetId)
        : contract_(checkEncoder(readOnnxMetadata(model->data(), model->size(), where), where)),
          net_(model, where, backendId, targetId) {
        // With two pictures, so that a network of a fixed batch size fails here.
        net_.verify({input(2)}, outputs(2));
    }

    EncoderImpl(const EncoderImpl& other) : contract_(other.contract_), net_(other.net_.clone()) {}

    Ptr<Encoder> clone() const override { return makePtr<EncoderImpl>(*this); }

    void alignCrop(InputArray src, InputArray face, OutputArray dst) const override {
        drgan::alignCrop(src, face, dst, contract_.alignment);
    }

    void feature(InputArray aligned, OutputArray embedding, float& confidence) override {
        Mat weight;
        embed({aligned.getMat()}, embedding, weight);
        confidence = weight.at<float>(0);
    }

    void features(InputArrayOfArrays aligned, OutputArray embeddings, OutputArray confidences) override {
        std::vector<Mat> pictures;
        aligned.getMatVector(pictures);
        if (pictures.empty()) {
            CV_Error(Error::StsBadArg, "aligned: got no picture, expected at least one");
        }
        embed(pictures, embeddings, confidences);
    }

    double match(InputArray a, InputArray b, int disType) const override {
        const Mat rowA = embeddingRow(a, "a", contract_.embeddingSize);
        const Mat rowB = embeddingRow(b, "b", contract_.embeddingSize);
        const double normA = norm(rowA);
        const double normB = norm(rowB);
        if (!(normA > 0) || !(normB > 0)) {
            CV_Error(Error::StsBadArg,
                     format("%s: got an embedding of zeros, expected a non-zero one", normA > 0 ? "b" : "a"));
        }
        if (disType == FR_COSINE) {
            // Rounding may make the quotient larger than 1.
            return std::max(-1.0, std::min(1.0, rowA.dot(rowB) / (normA * normB)));
        }
        if (disType == FR_NORM_L2) {
            Mat unitA, unitB;
            rowA.convertTo(unitA, CV_64F, 1 / normA);
            rowB.convertTo(unitB, CV_64F, 1 / normB);
            return norm(unitA, unitB, NORM_L2);
        }
        CV_Error(Error::StsBadArg, format("disType: got %d, expected FR_COSINE (%d) or FR_NORM_L2 (%d)", disType,
                                          static_cast<int>(FR_COSINE), static_cast<int>(FR_NORM_L2)));
    }

    int embeddingSize() const override { return contract_.embeddingSize; }
    Alignment alignment() const override { return contract_.alignment; }
    String bundleId() const override { return contract_.bundleId; }

private:
    Blob input(int n) const { return {contract::encoderImage, {n, 3, contract_.imageSize, contract_.imageSize}}; }

    std::vector<Blob> outputs(int n) const {
        return {{contract::encoderEmbedding, {n, contract_.embeddingSize}}, {contract::encoderConfidence, {n, 1}}};
    }

    void embed(const std::vector<Mat>& pictures, OutputArray embeddings, OutputArray confidences) {
        const int n = static_cast<int>(pictures.size());
        Mat blob(input(n).shape, CV_32F);
        for (int i = 0; i < n; ++i) {
            fill(pictures[i], i, blob);
        }
        const std::vector<Mat> results = net_.run({input(n)}, {blob}, outputs(n));
        if (!checkRange(results[1], true, nullptr, 0, 1 + FLT_EPSILON)) {
            CV_Error(Error::StsOutOfRange, format("%s: output \"%s\": got a value outside 0..1, expected a confidence",
                                                  net_.where().c_str(), contract::encoderConfidence));
        }
        results[0].copyTo(embeddings);
        results[1].copyTo(confidences);
    }

    /// Writes a picture into row i of the blob, as RGB planes in the model's range.
    void fill(const Mat& picture, int i, Mat& blob) const {
        const int size = contract_.imageSize;
        const int channels = picture.channels();
        if (picture.dims != 2 || picture.depth() != CV_8U || picture.rows != size || picture.cols != size ||
            (channels != 1 && channels != 3 && channels != 4)) {
            CV_Error(
                Error::StsBadArg,
                format("aligned picture %d: got %s, expected 8 bits, 1, 3 (BGR) or 4 (BGRA) channels, %d rows x %d "
                       "columns (see alignCrop)%s",
                       i, describe(picture).c_str(), size, size, depthHint(picture)));
        }
        writePlanes(picture, contract_.pixelLow, contract_.pixelHigh, i, blob);
    }

    const EncoderContract contract_;
    Network net_;
};

}  // namespace

Ptr<Encoder> Encoder::create(const String& model, int backendId, int targetId) {
    return makePtr<EncoderImpl>(readModelFile(model), model, backendId, targetId);
}

Ptr<Encoder> Encoder::create(const std::vector<uchar>& model, int backendId, int targetId) {
    return makePtr<EncoderImpl>(std::make_shared<const std::vector<uchar>>(model), "encoder in memory", backendId,
                                targetId);
}

}  // namespace drgan
}  // namespace cv
