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
        net_.verify({input(2)}, outputs(2, contract_.appearanceSize > 0));
    }

    EncoderImpl(const EncoderImpl& other) : contract_(other.contract_), net_(other.net_.clone()) {}

    Ptr<Encoder> clone() const override { return makePtr<EncoderImpl>(*this); }

    void alignCrop(InputArray src, InputArray face, OutputArray dst) const override {
        drgan::alignCrop(src, face, dst, contract_.alignment);
    }

    void feature(InputArray aligned, OutputArray embedding, float& confidence) override {
        Mat weight;
        embed({aligned.getMat()}, embedding, weight, noArray());
        confidence = weight.at<float>(0);
    }

    void features(InputArrayOfArrays aligned, OutputArray embeddings, OutputArray confidences) override {
        embed(severalOf(aligned), embeddings, confidences, noArray());
    }

    void featuresAndAppearances(InputArrayOfArrays aligned, OutputArray embeddings, OutputArray confidences,
                                OutputArray appearances) override {
        embed(severalOf(aligned), embeddings, confidences, appearances);
    }

    void appearance(InputArray aligned, OutputArray appearance) override {
        const Mat blob = blobOf({aligned.getMat()});
        if (contract_.appearanceSize == 0) {
            appearance.release();
            return;
        }
        const std::vector<Mat> results = net_.run({input(1)}, {blob}, {appearanceOf(1)});
        copyAppearance(results[0], appearance);
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
    int appearanceSize() const override { return contract_.appearanceSize; }
    Alignment alignment() const override { return contract_.alignment; }
    String bundleId() const override { return contract_.bundleId; }

private:
    Blob input(int n) const { return {contract::encoderImage, {n, 3, contract_.imageSize, contract_.imageSize}}; }

    Blob appearanceOf(int n) const { return {contract::encoderAppearance, {n, contract_.appearanceSize}}; }

    /// The appearance comes last: cv::dnn does not compute it unless it is asked for.
    std::vector<Blob> outputs(int n, bool appearance) const {
        std::vector<Blob> result{{contract::encoderEmbedding, {n, contract_.embeddingSize}},
                                 {contract::encoderConfidence, {n, 1}}};
        if (appearance) {
            result.push_back(appearanceOf(n));
        }
        return result;
    }

    static std::vector<Mat> severalOf(InputArrayOfArrays aligned) {
        std::vector<Mat> pictures;
        aligned.getMatVector(pictures);
        if (pictures.empty()) {
            CV_Error(Error::StsBadArg, "aligned: got no picture, expected at least one");
        }
        return pictures;
    }

    void checkRangeOf(const char* output, const Mat& values, double low, const char* what) const {
        if (!checkRange(values, true, nullptr, low - FLT_EPSILON, 1 + FLT_EPSILON)) {
            CV_Error(Error::StsOutOfRange, format("%s: output \"%s\": got a value outside %g..1, expected %s",
                                                  net_.where().c_str(), output, low, what));
        }
    }

    void copyAppearance(const Mat& values, OutputArray appearance) const {
        checkRangeOf(contract::encoderAppearance, values, -1, "an appearance");
        values.copyTo(appearance);
    }

    Mat blobOf(const std::vector<Mat>& pictures) const {
        Mat blob(input(static_cast<int>(pictures.size())).shape, CV_32F);
        for (size_t i = 0; i < pictures.size(); ++i) {
            fill(pictures[i], static_cast<int>(i), blob);
        }
        return blob;
    }

    void embed(const std::vector<Mat>& pictures, OutputArray embeddings, OutputArray confidences,
               OutputArray appearances) {
        const int n = static_cast<int>(pictures.size());
        const bool looks = appearances.needed() && contract_.appearanceSize > 0;
        const std::vector<Mat> results = net_.run({input(n)}, {blobOf(pictures)}, outputs(n, looks));
        checkRangeOf(contract::encoderConfidence, results[1], 0, "a confidence");
        results[0].copyTo(embeddings);
        results[1].copyTo(confidences);
        if (looks) {
            copyAppearance(results[2], appearances);
        } else if (appearances.needed()) {
            appearances.release();
        }
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

// An encoder of somebody else's may have been written before there were appearances.
void Encoder::featuresAndAppearances(InputArrayOfArrays aligned, OutputArray embeddings, OutputArray confidences,
                                     OutputArray appearances) {
    features(aligned, embeddings, confidences);
    appearances.release();
}

void Encoder::appearance(InputArray, OutputArray appearance) { appearance.release(); }

int Encoder::appearanceSize() const { return 0; }

Ptr<Encoder> Encoder::create(const String& model, int backendId, int targetId) {
    return makePtr<EncoderImpl>(readModelFile(model), model, backendId, targetId);
}

Ptr<Encoder> Encoder::create(const std::vector<uchar>& model, int backendId, int targetId) {
    return makePtr<EncoderImpl>(std::make_shared<const std::vector<uchar>>(model), "encoder in memory", backendId,
                                targetId);
}

}  // namespace drgan
}  // namespace cv
