// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cfloat>
#include <opencv2/imgproc.hpp>

#include "contract.hpp"
#include "network.hpp"

namespace cv {
namespace drgan {

namespace {

class DecoderImpl final : public Decoder {
public:
    DecoderImpl(const ModelBytes& model, const std::string& where, const Ptr<Encoder>& encoder, int backendId,
                int targetId)
        : contract_(checkDecoder(readOnnxMetadata(model->data(), model->size(), where), where)),
          net_(checkPair(model, where, encoder), where, backendId, targetId) {
        net_.verify(inputs(), outputs());
    }

    DecoderImpl(const DecoderImpl& other) : contract_(other.contract_), net_(other.net_.clone()) {}

    Ptr<Decoder> clone() const override { return makePtr<DecoderImpl>(*this); }

    void rotate(InputArray embedding, float yawDegrees, OutputArray face, InputArray noise) override {
        const Mat row = embeddingRow(embedding, "embedding", contract_.embeddingSize);
        const Mat pose = poseCode(yawDegrees);
        const Mat noiseRow = noise.empty() ? Mat(1, contract_.noiseSize, CV_32F, Scalar(0)) : checkNoise(noise);
        const std::vector<Mat> results = net_.run(inputs(), {row, pose, noiseRow}, outputs());

        const int size = contract_.imageSize;
        const double scale = 255 / (static_cast<double>(contract_.pixelHigh) - contract_.pixelLow);
        std::vector<Mat> planes(3);
        for (int c = 0; c < 3; ++c) {
            const Mat plane(size, size, CV_32F, const_cast<float*>(results[0].ptr<float>(0, 2 - c)));
            plane.convertTo(planes[c], CV_8U, scale, -contract_.pixelLow * scale);  // rounds and clips
        }
        merge(planes, face);
    }

    void frontalize(InputArray embedding, OutputArray face, InputArray noise) override {
        rotate(embedding, 0, face, noise);
    }

    std::vector<float> poses() const override { return contract_.poseYaws; }
    int embeddingSize() const override { return contract_.embeddingSize; }
    int noiseSize() const override { return contract_.noiseSize; }
    int imageSize() const override { return contract_.imageSize; }
    String bundleId() const override { return contract_.bundleId; }

private:
    std::vector<Blob> inputs() const {
        return {{contract::decoderEmbedding, {1, contract_.embeddingSize}},
                {contract::decoderPose, {1, static_cast<int>(contract_.poseYaws.size())}},
                {contract::decoderNoise, {1, contract_.noiseSize}}};
    }

    std::vector<Blob> outputs() const {
        return {{contract::decoderFace, {1, 3, contract_.imageSize, contract_.imageSize}}};
    }

    /// Checks that the encoder has the same bundle id before the model is loaded. @return `model`
    const ModelBytes& checkPair(const ModelBytes& model, const std::string& where, const Ptr<Encoder>& encoder) const {
        checkSameBundle(contract_, where, encoder);
        if (encoder && encoder->embeddingSize() != contract_.embeddingSize) {
            CV_Error(Error::StsUnmatchedSizes,
                     format("%s: metadata key %s: got %d, expected the encoder's, %d", where.c_str(),
                            contract::keyEmbeddingSize, contract_.embeddingSize, encoder->embeddingSize()));
        }
        return model;
    }

    /// One-hot at a yaw of the contract, the mixture of two between them.
    Mat poseCode(float yaw) const {
        const std::vector<float>& yaws = contract_.poseYaws;
        // Half a step beyond the outermost poses is allowed; a model of one pose draws only that.
        const size_t last = yaws.size() - 1;
        const float below = yaws.size() > 1 ? (yaws[1] - yaws[0]) / 2 : 0;
        const float above = yaws.size() > 1 ? (yaws[last] - yaws[last - 1]) / 2 : 0;
        if (!(yaw >= yaws[0] - below && yaw <= yaws[last] + above)) {  // false for NaN too
            CV_Error(
                Error::StsOutOfRange,
                format("yawDegrees: got %g, expected %g to %g: the model draws %d poses from "
                       "%g to %g",
                       yaw, yaws[0] - below, yaws[last] + above, static_cast<int>(yaws.size()), yaws[0], yaws[last]));
        }
        Mat code(1, static_cast<int>(yaws.size()), CV_32F, Scalar(0));
        const auto next = std::lower_bound(yaws.begin(), yaws.end(), yaw);
        if (next == yaws.begin() || next == yaws.end()) {
            code.at<float>(next == yaws.begin() ? 0 : static_cast<int>(last)) = 1;
            return code;
        }
        const int upper = static_cast<int>(next - yaws.begin());
        const float share = (yaw - yaws[upper - 1]) / (yaws[upper] - yaws[upper - 1]);
        code.at<float>(upper - 1) = 1 - share;
        code.at<float>(upper) = share;
        return code;
    }

    Mat checkNoise(InputArray noise) const {
        const Mat row = embeddingRow(noise, "noise", contract_.noiseSize);
        if (!checkRange(row, true, nullptr, -1 - FLT_EPSILON, 1 + FLT_EPSILON)) {
            CV_Error(Error::StsOutOfRange, "noise: got a value outside -1..1, expected all within");
        }
        return row;
    }

    const DecoderContract contract_;
    Network net_;
};

}  // namespace

Ptr<Decoder> Decoder::create(const String& model, const Ptr<Encoder>& encoder, int backendId, int targetId) {
    return makePtr<DecoderImpl>(readModelFile(model), model, encoder, backendId, targetId);
}

Ptr<Decoder> Decoder::create(const std::vector<uchar>& model, const Ptr<Encoder>& encoder, int backendId,
                             int targetId) {
    return makePtr<DecoderImpl>(std::make_shared<const std::vector<uchar>>(model), "decoder in memory", encoder,
                                backendId, targetId);
}

}  // namespace drgan
}  // namespace cv
