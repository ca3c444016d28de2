// SPDX-License-Identifier: Apache-2.0
//
// Decides whether two pictures show the same person, and draws the frontal view of the first.
//
//     drgan-recognize A.jpg B.jpg [--detector=face_detection_yunet.onnx] [--bundle=DIR] [--front=front.png]
//
// The main face of each picture is aligned and embedded; the cosine of the embeddings is compared with the bundle's
// threshold. The bundle's own networks detect the faces, or a YuNet model (cv::FaceDetectorYN) if one is given.
#include <cstdio>
#include <opencv2/core.hpp>
#include <opencv2/drgan.hpp>
#include <opencv2/imgcodecs.hpp>
#include <stdexcept>

namespace {

cv::Mat embed(cv::drgan::FaceFinder& finder, cv::drgan::Encoder& encoder, const std::string& path) {
    const cv::Mat picture = cv::imread(path);
    if (picture.empty()) throw std::runtime_error(path + ": is not a picture that OpenCV can read");
    //! [embed]
    cv::Mat face, aligned, embedding;
    if (!finder.findMain(picture, face)) throw std::runtime_error(path + ": no face detected");
    float confidence = 0;
    encoder.alignCrop(picture, face, aligned);
    encoder.feature(aligned, embedding, confidence);
    //! [embed]
    std::printf("%s: confidence %.3f, yaw about %.0f degrees\n", path.c_str(), confidence,
                cv::drgan::estimateYaw(face));
    return embedding;
}

}  // namespace

int main(int argc, char** argv) try {
    const cv::CommandLineParser options(
        argc, argv,
        "{help h   | | print this }"
        "{@a       | | first picture }"
        "{@b       | | second picture }"
        "{detector | | YuNet model for cv::FaceDetectorYN }"
        "{bundle   | | folder of the models; else DRGAN_BUNDLE, else the installed one }"
        "{front    |front.png| file for the frontal view of the first face }");
    if (options.has("help") || !options.has("@a") || !options.has("@b")) {
        options.printMessage();
        return options.has("help") ? 0 : 2;
    }
    //! [load]
    const auto bundle = cv::drgan::Bundle::load(options.get<std::string>("bundle"));
    const auto encoder = cv::drgan::Encoder::create(bundle.encoder);
    const auto decoder = cv::drgan::Decoder::create(bundle.decoder, encoder);
    const auto finder = cv::drgan::FaceFinder::create(options.get<std::string>("detector"), bundle.folder);
    //! [load]

    const cv::Mat a = embed(*finder, *encoder, options.get<std::string>("@a"));
    const cv::Mat b = embed(*finder, *encoder, options.get<std::string>("@b"));

    //! [match]
    const double cosine = encoder->match(a, b, cv::drgan::Encoder::FR_COSINE);
    std::printf("cosine %.3f, threshold %.3f: %s\n", cosine, bundle.matchThreshold,
                cosine >= bundle.matchThreshold ? "the same person" : "different people");
    //! [match]

    //! [frontalize]
    cv::Mat front;
    decoder->frontalize(a, front);
    //! [frontalize]
    const std::string path = options.get<std::string>("front");
    if (!cv::imwrite(path, front)) throw std::runtime_error(path + ": cannot be written");
    std::printf("frontal view of the first: %s\n", path.c_str());
    return 0;
} catch (const cv::Exception& error) {
    std::fprintf(stderr, "drgan-recognize: %s\n", error.err.c_str());
    return 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "drgan-recognize: %s\n", error.what());
    return 1;
}
