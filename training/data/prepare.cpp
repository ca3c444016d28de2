// SPDX-License-Identifier: Apache-2.0

#include "prepare.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/drgan/face_geometry.hpp>
#include <opencv2/drgan/model_contract.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "margins.hpp"

namespace drgan::data {

namespace {

constexpr int jpegQuality = 95;
constexpr float detectorScore = 0.5F;
constexpr float otherSize = 1.8F;      // a face whose size differs by this factor is another one, or none
constexpr double turnedDetail = 1.25;  // pixels of a picture that is turned for one of the aligned face, at most
constexpr double turnedMargin = 0.15;  // around it, in sides: ears and hair of a tight picture come from beyond it
constexpr double boxEyeMouth = cv::drgan::contract::boxMouthY - cv::drgan::contract::boxEyesY;  // of its side

cv::Point2f eyesMiddle(const Landmarks& l) { return (l[0] + l[1]) * 0.5F; }
cv::Point2f mouthMiddle(const Landmarks& l) { return (l[3] + l[4]) * 0.5F; }

float eyeMouthDistance(const Landmarks& l) { return static_cast<float>(cv::norm(mouthMiddle(l) - eyesMiddle(l))); }

/// Side of a square above which turning it would draw details that its aligned face, a small part of it, cannot show.
double turnedSide(const Options& options, float boxShare) {
    return turnedDetail * options.alignment.size * options.alignment.eyeMouth / (boxEyeMouth * boxShare);
}

cv::Mat asMat(const Landmarks& landmarks) {
    return cv::Mat(5, 2, CV_32F, const_cast<cv::Point2f*>(landmarks.data())).clone();
}

// Up to OpenCV 4, a JPEG that was cut off still decodes, with its last row repeated down to the end. The last scan must
// be followed by the end of the image; coded data contains no such markers, and a thumbnail comes before.
bool isCutOff(const std::vector<uint8_t>& bytes) {
    constexpr uint8_t start[] = {0xFF, 0xD8}, scan[] = {0xFF, 0xDA}, end[] = {0xFF, 0xD9};
    if (bytes.size() < 2 || !std::equal(std::begin(start), std::end(start), bytes.begin())) {
        return false;
    }
    const auto lastScan = std::find_end(bytes.begin(), bytes.end(), std::begin(scan), std::end(scan));
    return std::search(lastScan, bytes.end(), std::begin(end), std::end(end)) == bytes.end();
}

}  // namespace

Landmarks alignLandmarks(const Landmarks& landmarks, const cv::drgan::Alignment& alignment) {
    const auto size = static_cast<float>(alignment.size);
    const cv::Point2f from = eyesMiddle(landmarks);
    const cv::Point2f down = mouthMiddle(landmarks) - from;
    // The similarity takes `down` to (0, eyeMouth * size).
    const float scale = alignment.eyeMouth * size / down.dot(down);
    Landmarks aligned;
    for (size_t i = 0; i < landmarks.size(); ++i) {
        const cv::Point2f p = landmarks[i] - from;
        aligned[i] =
            cv::Point2f(p.x * down.y - p.y * down.x, p.x * down.x + p.y * down.y) * scale + alignment.eyes * size;
    }
    return aligned;
}

std::vector<float> chooseYaws(float ownYaw, int count, std::mt19937_64& random) {
    constexpr float bounds[] = {20, 42, 64, 88};
    constexpr float mostTurn = 88;  // beyond, the picture has nothing to show
    constexpr float goOnProbability = 0.75F;
    constexpr float looksAhead = 3;   // degrees within which neither side is the face's own
    constexpr float halfHidden = 25;  // beyond, the picture does not show the other side: it only goes on,
    constexpr float leastTurn = 15;   // and by so much
    const float size = std::abs(ownYaw);
    const bool half = size >= halfHidden;
    const float from = half ? std::min(size + leastTurn, mostTurn) : 0;
    const float goOn = half ? 1 : size < looksAhead ? 0.5F : goOnProbability;
    std::vector<float> yaws;
    std::vector<int> strata;
    std::uniform_real_distribution<float> uniform(0, 1);
    while (static_cast<int>(yaws.size()) < count) {
        if (strata.empty()) {
            strata = {0, 1, 2};
            const auto isLeft = [&](int s) { return bounds[s + 1] > from; };
            strata.erase(strata.begin(), std::find_if(strata.begin(), strata.end() - 1, isLeft));
            std::shuffle(strata.begin(), strata.end(), random);
        }
        const int stratum = strata.back();
        strata.pop_back();
        const float least = std::max(bounds[stratum], from);
        const float magnitude = least + (bounds[stratum + 1] - least) * uniform(random);
        const float ownSide = ownYaw < 0 ? -1.F : 1.F;
        const float target = uniform(random) < goOn ? ownSide * magnitude : -ownSide * magnitude;
        yaws.push_back(ownYaw + std::clamp(target - ownYaw, -mostTurn, mostTurn));
    }
    return yaws;
}

Preparer::Preparer(const Options& options) : options_(options) {
    if (options.whole) {
        cutter_ = std::make_unique<FaceCutter>(options.cutter);
    }
    if (!options.mesh.empty() && options.turned > 0) {
        mesher_ = std::make_unique<FaceMesher>(options.mesh);
    }
    if (!options.teacher.empty()) {
        teacher_ = std::make_unique<Recognizer>(options.teacher, options.teacherInput);
    }
    if (!options.detector.empty()) {
        try {
            detector_ = cv::FaceDetectorYN::create(options.detector, "", {160, 160}, detectorScore);
            // A YuNet for other versions of OpenCV loads and then fails on every picture.
            cv::Mat faces;
            detector_->detect(cv::Mat::zeros(160, 160, CV_8UC3), faces);
        } catch (const cv::Exception& error) {
            throw std::runtime_error(options.detector +
                                     ": cv::FaceDetectorYN of OpenCV " CV_VERSION
                                     " cannot run the detector (it runs the YuNet of 2022 up to OpenCV 4.7, that of "
                                     "2023 from 4.8 on): " +
                                     error.what());
        }
    }
}

bool Preparer::detect(const cv::Mat& picture, cv::Point2f near, float within, float eyeMouth, Landmarks& landmarks) {
    detector_->setInputSize(picture.size());
    cv::Mat faces;
    detector_->detect(picture, faces);
    bool found = false;
    for (int i = 0; i < faces.rows; ++i) {
        const auto* row = faces.ptr<float>(i);
        Landmarks candidate;
        for (int k = 0; k < 5; ++k) {
            candidate[k] = {row[4 + 2 * k], row[5 + 2 * k]};
        }
        const auto distance =
            static_cast<float>(cv::norm((eyesMiddle(candidate) + mouthMiddle(candidate)) * 0.5F - near));
        const float size = eyeMouthDistance(candidate);
        const bool fits = eyeMouth == 0 || (size < otherSize * eyeMouth && eyeMouth < otherSize * size);
        if (distance < within && size > 1 && fits) {
            within = distance;
            landmarks = candidate;
            found = true;
        }
    }
    return found;
}

PreparedFace Preparer::align(const cv::Mat& picture, const Landmarks& landmarks, float yaw, cv::Mat& aligned) const {
    cv::drgan::alignCrop(picture, asMat(landmarks), aligned, options_.alignment);
    PreparedFace face;
    face.yaw = yaw;
    face.landmarks = alignLandmarks(landmarks, options_.alignment);
    if (!cv::imencode(".jpg", aligned, face.jpeg, {cv::IMWRITE_JPEG_QUALITY, jpegQuality})) {
        throw std::runtime_error("cannot encode the aligned face");
    }
    return face;
}

void Preparer::addTurned(const Label& label, const FaceView& view, float yaw, Prepared& prepared) {
    const cv::Rect& square = view.square;
    const int margin = cvRound(turnedMargin * square.width);
    cv::Mat picture = cv::drgan::cropSquare(view.picture, {1, 0, square.x - 1. * margin, 0, 1, square.y - 1. * margin},
                                            square.width + 2 * margin);
    const float boxShare = label.cropFactor > 0 ? 1 / label.cropFactor : options_.boxShare;
    const double scale = std::min(1., turnedSide(options_, boxShare) / square.width);
    if (scale < 1) {
        cv::resize(picture, picture, cv::Size(), scale, scale, cv::INTER_AREA);
    }
    const cv::Point2f eyes = view.landmarks[1] - view.landmarks[0];
    const float roll = std::atan2(eyes.y, eyes.x);
    const cv::Point2f middle(static_cast<float>(picture.cols) / 2, static_cast<float>(picture.rows) / 2);
    const float box = boxShare * static_cast<float>(square.width * scale);
    const FaceMesh mesh = mesher_->find(picture, middle, box, roll);
    if (!(mesh.score >= options_.meshScore)) {
        return;
    }
    std::seed_seq seed{options_.seed, static_cast<uint64_t>(label.line)};
    std::mt19937_64 random(seed);
    const Relief relief(picture, mesh, roll);
    for (const float target : chooseYaws(yaw, options_.turned, random)) {
        const TurnedFace turned = relief.turn(target - yaw);
        Landmarks points = turned.landmarks;
        const float distance = eyeMouthDistance(points);
        if (distance < 1) {
            continue;
        }
        // What the detector says of this picture is what it will say when the model runs, so it comes first.
        const cv::Point2f at = (eyesMiddle(points) + mouthMiddle(points)) * 0.5F;
        if (detector_ && detect(turned.picture, at, 0.5F * distance, distance, points)) {
            ++prepared.detected;
        }
        cv::Mat aligned;
        prepared.faces.push_back(align(turned.picture, points, target, aligned));
    }
}

/// A picture that is a loose square around a face already, perhaps over the border of its photograph.
FaceView Preparer::viewCrop(const cv::Mat& given, const Label& label) {
    FaceView view;
    view.landmarks = label.landmarks;
    cv::Mat crop = given;
    const int side = std::max(given.cols, given.rows);
    if (side > options_.cutter.largestSide) {
        const double scale = static_cast<double>(options_.cutter.largestSide) / side;
        cv::resize(given, crop, cv::Size(), scale, scale, cv::INTER_AREA);
        for (cv::Point2f& p : view.landmarks) {
            p *= scale;
        }
    }
    const cv::Rect inside = withoutStreaks(crop);
    view.picture = crop(inside).clone();
    view.square = cv::Rect(-inside.tl(), crop.size());
    for (cv::Point2f& p : view.landmarks) {
        p -= cv::Point2f(inside.tl());
    }
    if (!label.hasLandmarks) {
        const cv::Size size = view.picture.size();
        const cv::Point2f middle(static_cast<float>(size.width) / 2, static_cast<float>(size.height) / 2);
        if (!detector_) {
            throw std::runtime_error("no landmarks in the list, and no detector to find them");
        }
        view.detected = detect(view.picture, middle, static_cast<float>(size.width + size.height), 0, view.landmarks);
        if (!view.detected) {
            throw std::runtime_error("no landmarks in the list, and the detector finds no face");
        }
    }
    return view;
}

void Preparer::embed(const FaceView& view, Prepared& prepared) {
    cv::Mat aligned;
    if (options_.teacherFivePoint) {
        aligned = alignFivePoint(view.picture, view.landmarks, teacher_->imageSize());
    } else {
        cv::drgan::Alignment alignment = options_.alignment;
        alignment.size = teacher_->imageSize();
        cv::drgan::alignCrop(view.picture, asMat(view.landmarks), aligned, alignment);
    }
    const cv::Mat embedding = teacher_->embedMirrored(aligned);
    prepared.teacher.assign(embedding.begin<float>(), embedding.end<float>());
}

Prepared Preparer::prepare(const Label& label, const std::vector<uint8_t>& bytes) {
    if (bytes.empty()) {
        throw std::runtime_error("the file is empty");
    }
    if (isCutOff(bytes)) {
        throw std::runtime_error("the JPEG is cut off: it has no end-of-image marker");
    }
    const cv::Mat picture = cv::imdecode(bytes, cv::IMREAD_COLOR);  // turns it as EXIF says
    if (picture.empty()) {
        throw std::runtime_error("not a picture that can be decoded");
    }
    const FaceView view = cutter_ ? cutter_->cut(picture, label) : viewCrop(picture, label);
    const float yaw = std::isnan(label.yaw) ? cv::drgan::estimateYaw(asMat(view.landmarks)) : label.yaw;

    Prepared prepared;
    prepared.given = !view.detected;
    cv::Mat aligned;
    prepared.faces.push_back(align(view.picture, view.landmarks, yaw, aligned));
    if (teacher_) {
        embed(view, prepared);
    }
    if (mesher_ && std::abs(yaw) < options_.turnBelow) {
        addTurned(label, view, yaw, prepared);
    }
    return prepared;
}

}  // namespace drgan::data
