// SPDX-License-Identifier: Apache-2.0

#include "prepare.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/drgan/face_geometry.hpp>
#include <opencv2/drgan/model_contract.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "io/face_mesh.hpp"
#include "margins.hpp"

namespace drgan::data {

namespace {

constexpr int jpegQuality = 95;
constexpr float detectorScore = 0.5F;
constexpr double turnedDetail = 1.25;  // pixels of a picture that is turned for one of the aligned face, at most
constexpr double turnedMargin = 0.15;  // around it, in sides: ears and hair of a tight picture come from beyond it
constexpr float levelYaw = 45;         // degrees: beyond, the eyes are too close together to say alone what is level
constexpr float meshMargin = 1.1F;     // a box in which a mesh is found best, in sides of the mesh
constexpr double boxEyeMouth = cv::drgan::contract::boxMouthY - cv::drgan::contract::boxEyesY;  // of its side

cv::Point2f eyesMiddle(const Landmarks& l) { return (l[0] + l[1]) * 0.5F; }
cv::Point2f mouthMiddle(const Landmarks& l) { return (l[3] + l[4]) * 0.5F; }

float eyeMouthDistance(const Landmarks& l) { return static_cast<float>(cv::norm(mouthMiddle(l) - eyesMiddle(l))); }

/// Side of a square above which turning it would draw details that its aligned face, a small part of it, cannot show.
double turnedSide(const Options& options) {
    return turnedDetail * options.alignment.size * options.alignment.eyeMouth / (boxEyeMouth * options.boxShare);
}

/// The similarity that brings the eyes' and the mouth's midpoints to their places in the aligned face.
class Aligning {
public:
    Aligning(const Landmarks& landmarks, const cv::drgan::Alignment& alignment)
        : from_(eyesMiddle(landmarks)),
          down_(mouthMiddle(landmarks) - from_),
          // It takes `down_` to (0, eyeMouth * size).
          factor_(alignment.eyeMouth * static_cast<float>(alignment.size) / down_.dot(down_)),
          to_(alignment.eyes * static_cast<float>(alignment.size)) {}

    cv::Point2f operator()(cv::Point2f p) const {
        p -= from_;
        return cv::Point2f(p.x * down_.y - p.y * down_.x, p.x * down_.x + p.y * down_.y) * factor_ + to_;
    }
    float scale() const { return factor_ * static_cast<float>(cv::norm(down_)); }

private:
    cv::Point2f from_, down_;
    float factor_;
    cv::Point2f to_;
};

cv::Mat asMat(const Landmarks& landmarks) {
    return cv::Mat(5, 2, CV_32F, const_cast<cv::Point2f*>(landmarks.data())).clone();
}

cv::Rect2f exactBounds(const std::vector<cv::Point2f>& points) {
    const auto [left, right] =
        std::minmax_element(points.begin(), points.end(), [](auto a, auto b) { return a.x < b.x; });
    const auto [top, bottom] =
        std::minmax_element(points.begin(), points.end(), [](auto a, auto b) { return a.y < b.y; });
    return {cv::Point2f(left->x, top->y), cv::Point2f(right->x, bottom->y)};
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
    Landmarks aligned;
    std::transform(landmarks.begin(), landmarks.end(), aligned.begin(), Aligning(landmarks, alignment));
    return aligned;
}

std::vector<cv::Point3f> alignMesh(std::vector<cv::Point3f> mesh, const Landmarks& landmarks,
                                   const cv::drgan::Alignment& alignment) {
    const Aligning aligning(landmarks, alignment);
    for (cv::Point3f& p : mesh) {
        const cv::Point2f at = aligning({p.x, p.y});
        p = {at.x, at.y, p.z * aligning.scale()};
    }
    return mesh;
}

std::vector<float> chooseYaws(float ownYaw, int count, std::mt19937_64& random) {
    constexpr float bounds[] = {20, 42, 64, 88};
    constexpr float mostTurn = 88;  // beyond, the picture has nothing to show
    constexpr float goOnProbability = 0.75F;
    constexpr float looksAhead = 3;   // degrees within which neither side is the face's own
    constexpr float halfHidden = 25;  // beyond, the picture does not show the other side: it only goes on,
    constexpr float leastTurn = 15;   // and by so much
    const float size = std::abs(ownYaw);
    std::vector<float> yaws;
    std::vector<int> strata;
    std::uniform_real_distribution<float> uniform(0, 1);
    while (static_cast<int>(yaws.size()) < count) {
        if (strata.empty()) {
            strata = {0, 1, 2};
            if (size >= halfHidden) {
                strata.erase(strata.begin(), std::find_if(strata.begin(), strata.end() - 1,
                                                          [&](int s) { return bounds[s + 1] > size + leastTurn; }));
            }
            std::shuffle(strata.begin(), strata.end(), random);
        }
        const int stratum = strata.back();
        strata.pop_back();
        const float least =
            size >= halfHidden ? std::min(std::max(bounds[stratum], size + leastTurn), mostTurn) : bounds[stratum];
        const float magnitude = least + (bounds[stratum + 1] - least) * uniform(random);
        const float goOn = size < looksAhead ? 0.5F : size < halfHidden ? goOnProbability : 1;
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
    if (!options.mesh.empty() && (options.turned > 0 || options.storeMesh)) {
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

bool Preparer::detect(const cv::Mat& picture, cv::Point2f near, float within, Landmarks& landmarks) {
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
        if (distance < within && eyeMouthDistance(candidate) > 1) {
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

/// The loose square around a face, as large as turning it needs, and the mesh of the face in it.
struct Preparer::MeshedSquare {
    cv::Mat picture;
    double scale = 1;    ///< pixels for one of the view's picture
    cv::Point2f corner;  ///< its upper left one's in the view's picture
    float roll = 0;      ///< radians, as in FaceMesher::find
    FaceMesh mesh;

    std::vector<cv::Point3f> inView(std::vector<cv::Point3f> points) const {
        const auto s = static_cast<float>(scale);
        for (cv::Point3f& p : points) {  // resize() keeps the corners of the pictures together
            p = {(p.x + 0.5F) / s - 0.5F + corner.x, (p.y + 0.5F) / s - 0.5F + corner.y, p.z / s};
        }
        return points;
    }
};

Preparer::MeshedSquare Preparer::findMesh(const FaceView& view, float yaw) {
    const cv::Rect& square = view.square;
    const int margin = cvRound(turnedMargin * square.width);
    MeshedSquare result;
    result.corner = cv::Point2f(square.tl() - cv::Point(margin, margin));
    cv::Mat& picture = result.picture = cv::drgan::cropSquare(
        view.picture, {1, 0, square.x - 1. * margin, 0, 1, square.y - 1. * margin}, square.width + 2 * margin);
    const double scale = std::min(1., turnedSide(options_) / square.width);
    if (scale < 1) {
        cv::Mat smaller;
        cv::resize(picture, smaller, cv::Size(), scale, scale, cv::INTER_AREA);
        picture = smaller;
        result.scale = scale;
    }
    cv::Point2f across = view.landmarks[1] - view.landmarks[0];
    if (std::abs(yaw) > levelYaw) {
        const cv::Point2f down = mouthMiddle(view.landmarks) - eyesMiddle(view.landmarks);
        across += cv::Point2f(down.y, -down.x);
    }
    result.roll = std::atan2(across.y, across.x);
    const cv::Point2f middle(static_cast<float>(picture.cols) / 2, static_cast<float>(picture.rows) / 2);
    const float box = options_.boxShare * static_cast<float>(square.width * scale);
    result.mesh = mesher_->find(picture, middle, box, result.roll);
    return result;
}

/// A second look, at a square around the mesh that the first one has found, and one at its mirror image: the mean of
/// the two is steadier than either.
FaceMesh Preparer::findAgain(const MeshedSquare& square) {
    const cv::Matx22f level(std::cos(square.roll), std::sin(square.roll), -std::sin(square.roll),
                            std::cos(square.roll));
    std::vector<cv::Point2f> upright;
    for (const cv::Point3f& p : square.mesh.points) {
        upright.emplace_back(level * cv::Vec2f(p.x, p.y));
    }
    const cv::Rect2f around = exactBounds(upright);
    const cv::Point2f middle(level.t() * cv::Vec2f(around.x + around.width / 2, around.y + around.height / 2));
    const float box = meshMargin * std::max(around.width, around.height);
    if (!(box > 1)) {
        return {};
    }
    const auto last = static_cast<float>(square.picture.cols - 1);
    cv::Mat mirrored;
    cv::flip(square.picture, mirrored, 1);
    FaceMesh mesh = mesher_->find(square.picture, middle, box, square.roll);
    const FaceMesh other = mesher_->find(mirrored, {last - middle.x, middle.y}, box, -square.roll);
    for (size_t i = 0; i < mesh.points.size(); ++i) {
        const cv::Point3f twin = other.points[io::meshTwins()[i]];
        mesh.points[i] = (mesh.points[i] + cv::Point3f(last - twin.x, twin.y, twin.z)) * 0.5F;
    }
    mesh.score = (mesh.score + other.score) / 2;
    return mesh;
}

void Preparer::addTurned(const Label& label, const MeshedSquare& square, float yaw, Prepared& prepared) {
    std::seed_seq seed{options_.seed, static_cast<uint64_t>(label.line)};
    std::mt19937_64 random(seed);
    const Relief relief(square.picture, square.mesh, square.roll);
    for (const float target : chooseYaws(yaw, options_.turned, random)) {
        const TurnedFace turned = relief.turn(target - yaw);
        Landmarks points = turned.landmarks;
        const float distance = eyeMouthDistance(points);
        if (distance < 1) {
            continue;
        }
        // What the detector says of this picture is what it will say when the model runs, so it comes first.
        const cv::Point2f at = (eyesMiddle(points) + mouthMiddle(points)) * 0.5F;
        if (detector_ && detect(turned.picture, at, 0.5F * distance, points)) {
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
        view.detected = detect(view.picture, middle, static_cast<float>(size.width + size.height), view.landmarks);
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
    const bool turns = options_.turned > 0 && std::abs(yaw) < options_.turnBelow;
    if (mesher_ && (turns || options_.storeMesh)) {
        const MeshedSquare square = findMesh(view, yaw);
        if (options_.storeMesh) {
            const FaceMesh mesh = findAgain(square);
            if (mesh.score >= options_.meshScore) {
                prepared.faces[0].mesh = alignMesh(square.inView(mesh.points), view.landmarks, options_.alignment);
            }
        }
        if (turns && square.mesh.score >= options_.meshScore) {
            addTurned(label, square, yaw, prepared);
        }
    }
    return prepared;
}

}  // namespace drgan::data
