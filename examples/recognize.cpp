// SPDX-License-Identifier: Apache-2.0
//
// Are these two pictures of one person? And what does the first look like from the front?
//
//     drgan-recognize A.jpg B.jpg [--detector=face_detection_yunet.onnx] [--bundle=DIR] [--front=front.png]
//
// The largest face of each picture is aligned and embedded; the cosine of the embeddings is compared with the bundle's
// threshold. With a YuNet model (cv::FaceDetectorYN) the faces are aligned by landmarks, else by the box that OpenCV's
// frontal cascade finds, which is coarser and misses faces turned far aside.
#include <algorithm>
#include <cstdio>
#include <opencv2/core.hpp>
#include <opencv2/drgan.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>
#include <stdexcept>

namespace {

/// What alignCrop takes: a FaceDetectorYN row, in the picture's pixels.
cv::Mat findByDetector(const cv::Mat& picture, const std::string& model) {
    // YuNet is at its best where faces are some hundred pixels wide.
    const double scale = std::min(1.0, 480.0 / std::max(picture.cols, picture.rows));
    cv::Mat small, faces;
    cv::resize(picture, small, cv::Size(), scale, scale, cv::INTER_AREA);
    cv::FaceDetectorYN::create(model, "", small.size(), 0.6F)->detect(small, faces);
    cv::Mat largest;
    for (int i = 0; i < faces.rows; ++i) {
        const cv::Mat face = faces.row(i);
        if (largest.empty() || face.at<float>(2) > largest.at<float>(2)) largest = face.clone();
    }
    if (!largest.empty()) largest.colRange(0, 14) /= scale;  // all but the score are coordinates
    return largest;
}

/// The largest face's box as x, y, w, h.
cv::Mat findByCascade(const cv::Mat& picture) {
    cv::CascadeClassifier cascade(
        cv::samples::findFile("/usr/share/opencv4/haarcascades/haarcascade_frontalface_alt2.xml"));
    std::vector<cv::Rect> boxes;
    cascade.detectMultiScale(picture, boxes, 1.1, 3, 0, cv::Size(40, 40));
    cv::Rect largest;
    for (const cv::Rect& box : boxes) {
        if (box.area() > largest.area()) largest = box;
    }
    if (largest.empty()) return cv::Mat();
    return cv::Mat(cv::Vec4i(largest.x, largest.y, largest.width, largest.height), true);
}

cv::Mat embed(cv::drgan::Encoder& encoder, const std::string& path, const std::string& detector) {
    const cv::Mat picture = cv::imread(path);
    if (picture.empty()) throw std::runtime_error(path + ": not a picture that OpenCV can read");
    const cv::Mat face = detector.empty() ? findByCascade(picture) : findByDetector(picture, detector);
    if (face.empty()) throw std::runtime_error(path + ": no face found");

    cv::Mat aligned, embedding;
    float confidence = 0;
    encoder.alignCrop(picture, face, aligned);
    encoder.feature(aligned, embedding, confidence);
    std::printf("%s: confidence %.3f", path.c_str(), confidence);
    if (!detector.empty()) std::printf(", yaw %.0f degrees", cv::drgan::estimateYaw(face));
    std::printf("\n");
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
        "{front    |front.png| where the first face's frontal view goes }");
    if (options.has("help") || !options.has("@a") || !options.has("@b")) {
        options.printMessage();
        return options.has("help") ? 0 : 2;
    }
    const auto bundle = cv::drgan::Bundle::load(options.get<std::string>("bundle"));
    const auto encoder = cv::drgan::Encoder::create(bundle.encoder);
    const auto decoder = cv::drgan::Decoder::create(bundle.decoder, encoder);

    const std::string detector = options.get<std::string>("detector");
    const cv::Mat a = embed(*encoder, options.get<std::string>("@a"), detector);
    const cv::Mat b = embed(*encoder, options.get<std::string>("@b"), detector);

    const double cosine = encoder->match(a, b, cv::drgan::Encoder::FR_COSINE);
    std::printf("cosine %.3f, threshold %.3f: %s\n", cosine, bundle.matchThreshold,
                cosine >= bundle.matchThreshold ? "the same person" : "different people");

    cv::Mat front;
    decoder->frontalize(a, front);
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
