// SPDX-License-Identifier: Apache-2.0
#include "contract.hpp"

#include <cmath>
#include <locale>
#include <sstream>

namespace cv {
namespace drgan {

namespace {

constexpr int maxImageSize = 1024;
constexpr int maxVector = 65536;  // Nf and Nz
constexpr size_t maxPoses = 361;
constexpr size_t maxIdBytes = 256;
constexpr float maxCropFactor = 4;

class Checker {
public:
    Checker(const OnnxMetadata& model, const std::string& where) : model_(model), where_(where) {}

    /// The value of a required metadata key.
    const std::string& text(const char* key, const char* expected) const {
        const auto entry = model_.properties.find(key);
        if (entry == model_.properties.end()) {
            CV_Error(Error::StsBadArg,
                     format("%s: metadata key %s: missing, expected %s", where_.c_str(), key, expected));
        }
        return entry->second;
    }

    bool has(const char* key) const { return model_.properties.count(key) > 0; }

    [[noreturn]] void wrong(const char* key, const std::string& got, const std::string& expected) const {
        CV_Error(Error::StsBadArg, format("%s: metadata key %s: got \"%s\", expected %s", where_.c_str(), key,
                                          shorten(got).c_str(), expected.c_str()));
    }

    void equals(const char* key, const std::string& expected) const {
        const std::string quoted = "\"" + expected + "\"";
        const std::string& got = text(key, quoted.c_str());
        if (got != expected) {
            wrong(key, got, quoted);
        }
    }

    int integer(const char* key, int low, int high) const {
        const std::string expected = format("an integer in %d..%d", low, high);
        const std::string& got = text(key, expected.c_str());
        std::vector<float> numbers;
        // A float represents every integer below 2^24.
        if (!parseNumbers(got, numbers) || numbers.size() != 1 || numbers[0] != std::floor(numbers[0]) ||
            numbers[0] < low || numbers[0] > high) {
            wrong(key, got, expected);
        }
        return static_cast<int>(numbers[0]);
    }

    std::vector<float> numbers(const char* key, size_t count, const char* expected) const {
        const std::string& got = text(key, expected);
        std::vector<float> result;
        if (!parseNumbers(got, result) || (count > 0 && result.size() != count)) {
            wrong(key, got, expected);
        }
        return result;
    }

    void common(const char* role, ModelContract& result) const {
        equals(contract::keyVersion, std::to_string(contract::version));
        equals(contract::keyRole, role);
        result.bundleId = text(contract::keyBundleId, "the bundle's id");
        if (result.bundleId.empty() || result.bundleId.size() > maxIdBytes) {
            wrong(contract::keyBundleId, result.bundleId, format("1 to %d characters", static_cast<int>(maxIdBytes)));
        }
        result.imageSize = integer(contract::keyImageSize, 1, maxImageSize);
        equals(contract::keyColorOrder, "RGB");
        static const char* const range = "two ascending numbers, e.g. \"-1,1\"";
        const std::vector<float> pixels = numbers(contract::keyPixelRange, 2, range);
        if (!(pixels[0] < pixels[1])) {
            wrong(contract::keyPixelRange, text(contract::keyPixelRange, range), range);
        }
        result.pixelLow = pixels[0];
        result.pixelHigh = pixels[1];
    }

    /// Checks the type and shape of one graph input or output: float, the given shape (-1: any size) and any batch size
    /// except 0.
    void tensor(const std::vector<OnnxValue>& values, const char* kind, const char* name,
                const std::vector<int>& perImage) const {
        const OnnxValue* found = nullptr;
        for (const OnnxValue& value : values) {
            if (value.name == name) {
                found = &value;
            }
        }
        const std::string expected = "float [N" + join(perImage, true) + "]";
        if (!found) {
            CV_Error(Error::StsBadArg, format("%s: %s \"%s\": missing (the model has %s), expected %s", where_.c_str(),
                                              kind, name, names(values).c_str(), expected.c_str()));
        }
        bool same = found->elementType == 1 && found->shape.size() == perImage.size() + 1 && found->shape[0] != 0;
        for (size_t i = 0; same && i < perImage.size(); ++i) {
            same = found->shape[i + 1] == perImage[i];
        }
        if (!same) {
            CV_Error(
                Error::StsUnmatchedSizes,
                format("%s: %s \"%s\": got %s [%s], expected %s by the model's metadata", where_.c_str(), kind, name,
                       found->elementType == 1 ? "float" : format("data type %d", found->elementType).c_str(),
                       join(found->shape).c_str(), expected.c_str()));
        }
    }

    void inputCount(size_t count) const {
        if (model_.inputs.size() != count) {
            CV_Error(Error::StsBadArg, format("%s: got %d graph inputs (%s), expected %d", where_.c_str(),
                                              static_cast<int>(model_.inputs.size()), names(model_.inputs).c_str(),
                                              static_cast<int>(count)));
        }
    }

private:
    static std::string shorten(const std::string& text) { return text.size() > 80 ? text.substr(0, 80) + "..." : text; }

    /// @param after whether the list continues a text: then each number has a comma before it, else the first is the
    /// batch
    template <typename T>
    static std::string join(const std::vector<T>& numbers, bool after = false) {
        std::string result;
        for (const T n : numbers) {
            const char* const open = after || !result.empty() ? "?" : "N";
            result += (after || !result.empty() ? "," : "") + (n < 0 ? std::string(open) : std::to_string(n));
        }
        return result;
    }

    static std::string names(const std::vector<OnnxValue>& values) {
        std::string result;
        for (const OnnxValue& value : values) {
            result += (result.empty() ? "" : ", ") + shorten(value.name);
        }
        return result.empty() ? "none" : shorten(result);
    }

    const OnnxMetadata& model_;
    const std::string& where_;
};

}  // namespace

bool parseNumbers(const std::string& text, std::vector<float>& numbers) {
    std::istringstream stream(text);
    stream.imbue(std::locale::classic());
    numbers.clear();
    float number = 0;
    char comma = 0;
    while (stream >> number) {
        if (!std::isfinite(number)) {
            return false;
        }
        numbers.push_back(number);
        if (stream.eof()) {
            return true;
        }
        if (!stream.get(comma)) {
            return true;
        }
        if (comma != ',') {
            return false;
        }
    }
    return false;
}

bool validPoseYaws(const std::vector<float>& yaws) {
    if (yaws.empty() || yaws.size() > maxPoses) {
        return false;
    }
    for (size_t i = 0; i < yaws.size(); ++i) {
        if (!(std::abs(yaws[i]) <= 180) || (i > 0 && !(yaws[i] > yaws[i - 1]))) {
            return false;
        }
    }
    return true;
}

EncoderContract checkEncoder(const OnnxMetadata& model, const std::string& where) {
    const Checker check(model, where);
    EncoderContract result;
    check.common("encoder", result);
    result.embeddingSize = check.integer(contract::keyEmbeddingSize, 1, maxVector);

    static const char* const point = "\"x,y\" in 0..1";
    static const char* const distance = "a number in 0.01..1";
    const std::vector<float> eyes = check.numbers(contract::keyAlignEyes, 2, point);
    if (eyes[0] < 0 || eyes[0] > 1 || eyes[1] < 0 || eyes[1] > 1) {
        check.wrong(contract::keyAlignEyes, check.text(contract::keyAlignEyes, point), point);
    }
    const float eyeMouth = check.numbers(contract::keyAlignEyeMouth, 1, distance)[0];
    if (eyeMouth < 0.01f || eyeMouth > 1) {
        check.wrong(contract::keyAlignEyeMouth, check.text(contract::keyAlignEyeMouth, distance), distance);
    }
    result.alignment.size = result.imageSize;
    result.alignment.eyes = Point2f(eyes[0], eyes[1]);
    result.alignment.eyeMouth = eyeMouth;

    check.inputCount(1);
    check.tensor(model.inputs, "input", contract::encoderImage, {3, result.imageSize, result.imageSize});
    check.tensor(model.outputs, "output", contract::encoderEmbedding, {result.embeddingSize});
    check.tensor(model.outputs, "output", contract::encoderConfidence, {1});
    if (check.has(contract::keyAppearanceSize)) {
        result.appearanceSize = check.integer(contract::keyAppearanceSize, 1, maxVector);
        check.tensor(model.outputs, "output", contract::encoderAppearance, {result.appearanceSize});
    }
    return result;
}

DecoderContract checkDecoder(const OnnxMetadata& model, const std::string& where) {
    const Checker check(model, where);
    DecoderContract result;
    check.common("decoder", result);
    result.embeddingSize = check.integer(contract::keyEmbeddingSize, 1, maxVector);

    static const char* const yaws = "ascending degrees in -180..180, e.g. \"-90,0,90\"";
    result.poseYaws = check.numbers(contract::keyPoseYaws, 0, yaws);
    if (!validPoseYaws(result.poseYaws)) {
        check.wrong(contract::keyPoseYaws, check.text(contract::keyPoseYaws, yaws), yaws);
    }
    result.noiseSize = check.integer(contract::keyNoiseSize, 1, maxVector);

    check.inputCount(3);
    check.tensor(model.inputs, "input", contract::decoderEmbedding, {result.embeddingSize});
    check.tensor(model.inputs, "input", contract::decoderPose, {static_cast<int>(result.poseYaws.size())});
    check.tensor(model.inputs, "input", contract::decoderNoise, {result.noiseSize});
    check.tensor(model.outputs, "output", contract::decoderFace, {3, result.imageSize, result.imageSize});
    return result;
}

AlignerContract checkAligner(const OnnxMetadata& model, const std::string& where) {
    const Checker check(model, where);
    AlignerContract result;
    check.common("aligner", result);

    static const char* const factor = "a number in 1..4";
    result.cropFactor = check.numbers(contract::keyCropFactor, 1, factor)[0];
    if (result.cropFactor < 1 || result.cropFactor > maxCropFactor) {
        check.wrong(contract::keyCropFactor, check.text(contract::keyCropFactor, factor), factor);
    }

    check.inputCount(1);
    check.tensor(model.inputs, "input", contract::alignerCrop, {3, result.imageSize, result.imageSize});
    check.tensor(model.outputs, "output", contract::alignerLandmarks, {10});
    check.tensor(model.outputs, "output", contract::alignerYaw, {1});
    check.tensor(model.outputs, "output", contract::alignerScore, {1});
    return result;
}

DetectorContract checkDetector(const OnnxMetadata& model, const std::string& where) {
    const Checker check(model, where);
    DetectorContract result;
    check.common("detector", result);
    check.inputCount(1);
    check.tensor(model.inputs, "input", contract::detectorImage, {3, -1, -1});
    for (size_t i = 0; i < sizeof(contract::detectorStrides) / sizeof(contract::detectorStrides[0]); ++i) {
        check.tensor(model.outputs, "output", contract::detectorScore[i], {1, -1, -1});
        check.tensor(model.outputs, "output", contract::detectorBox[i], {4, -1, -1});
        check.tensor(model.outputs, "output", contract::detectorLandmarks[i], {10, -1, -1});
    }
    return result;
}

void checkSameBundle(const ModelContract& model, const std::string& where, const Ptr<Encoder>& encoder) {
    if (encoder && encoder->bundleId() != model.bundleId) {
        CV_Error(Error::StsBadArg,
                 format("%s: metadata key %s: got \"%s\", expected the encoder's, \"%s\"; models of different "
                        "bundles cannot be combined",
                        where.c_str(), contract::keyBundleId, model.bundleId.c_str(), encoder->bundleId().c_str()));
    }
}

}  // namespace drgan
}  // namespace cv
